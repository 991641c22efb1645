insert into events values (1, '2025-02-03', 'x');
