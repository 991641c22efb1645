insert into log values ('2024-05-01', 1, 'a'), ('2030-01-01', 7, 'b');
