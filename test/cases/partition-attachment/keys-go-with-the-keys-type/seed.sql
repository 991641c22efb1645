insert into events values (1, 1), (200, 2);
