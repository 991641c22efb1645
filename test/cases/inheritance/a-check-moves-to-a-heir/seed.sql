insert into c values (2);
