insert into words values ('a');
