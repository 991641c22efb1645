insert into c values (2, 'kept', 3);
insert into cc values (4, 'below', 5);
insert into d values (1, 'gone', null, 7);
