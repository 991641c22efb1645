insert into t values (1, 2, 'a', 3, 4.5, 6.5, 8), (2, 3, 'b', 4, 5.5, 7.5, 9);
