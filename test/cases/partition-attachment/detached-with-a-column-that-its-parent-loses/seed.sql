insert into p values (1, 'kept'), (2, 'gone');
