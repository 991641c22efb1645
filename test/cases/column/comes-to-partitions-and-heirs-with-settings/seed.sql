insert into events values (1), (200);
insert into grandchild values (1);
