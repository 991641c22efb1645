insert into c values (2, 20);
