insert into becomes values (1, 'a');
insert into ceases values (2, 'b');
insert into changes values (3, 'c');
