insert into p values (1);
insert into c values (2, 'kept'), (3, 'too');
insert into grandchild values (4, 'below');
