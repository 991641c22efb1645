insert into people values (1, 'a', '5', 30);
