insert into parts values (1);
insert into sales values (1, 'eu', 1), (2, 'us', 1);
