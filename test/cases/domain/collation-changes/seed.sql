insert into words values ('a'), ('B');
