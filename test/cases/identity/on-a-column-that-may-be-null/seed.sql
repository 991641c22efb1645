insert into t (id, b) values (1, 1), (2, 2);
