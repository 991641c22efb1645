insert into people values ('a', row(1, 'b', '{c}'), span('a', 'b'));
insert into marks values (1, 'X');
