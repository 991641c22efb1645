insert into base values (1, 'a');
insert into part values (2, 'b');
