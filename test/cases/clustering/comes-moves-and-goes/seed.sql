insert into moves values (1, 'b'), (2, 'a');
insert into follows values ('b'), ('a');
