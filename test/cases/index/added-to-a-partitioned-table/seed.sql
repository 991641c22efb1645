insert into orders values (1, '2024-05-05', 7), (2, '2025-05-05', 8);
