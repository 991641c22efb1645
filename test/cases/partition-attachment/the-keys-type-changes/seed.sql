insert into events values (1, '2024-01-01'), (200, null);
insert into notes values (1);
insert into logs values ('a', 1);
insert into tens values (1);
