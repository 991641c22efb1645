insert into base values (1, 'a');
insert into middle values (2, 'b', 3);
insert into last values (4, 'c', 5, 6);
