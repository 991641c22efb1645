insert into orders values (2), (4);
