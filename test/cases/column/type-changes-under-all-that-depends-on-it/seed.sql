insert into customers values (1, 'Ada', 'x');
insert into orders (id, customer, total) values (1, 1, 50), (2, 1, 5000);
