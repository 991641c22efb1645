insert into heir values (1, 'a');
insert into logs values (1);
