insert into events values (1, '2023-01-01'), (200, '2024-01-01');
