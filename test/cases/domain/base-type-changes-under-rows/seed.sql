insert into orders values (1, 5, '{1,2}'), (2, default, null);
