insert into c values (1, 'kept', 2);
insert into d values (1, 'gone');
