insert into comes values (1, 'a'), (2, 'b');
insert into goes values (1);
insert into waits values (1);
insert into includes values (1, 'a');
