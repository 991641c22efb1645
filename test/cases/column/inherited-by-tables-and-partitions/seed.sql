insert into base values (1, 'a'); insert into heir values (2, 'b', 3); insert into grandchild values (3, 'c', 4);
insert into p values (1, 1), (2, 2), (3, 3);
