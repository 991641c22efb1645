insert into visits values (1, 'ch'), (2, 'at');
