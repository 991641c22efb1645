insert into a values (1, 'x'), (2, 'x');
insert into b values (1, 2), (2, null);
