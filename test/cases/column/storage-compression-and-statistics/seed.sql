insert into notes values (1, 'b', '{}', 't');
