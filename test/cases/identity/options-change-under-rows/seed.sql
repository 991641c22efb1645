insert into a (x) values (1), (2);
insert into b (x) values (1), (2);
