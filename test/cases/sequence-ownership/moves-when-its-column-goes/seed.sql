insert into a values (default, 1);
