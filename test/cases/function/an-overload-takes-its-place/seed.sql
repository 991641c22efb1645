insert into items (id, net) values (1, 2), (3, 4);
insert into taxes (net) values (5);
