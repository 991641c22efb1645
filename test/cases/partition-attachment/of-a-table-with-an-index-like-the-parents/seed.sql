INSERT INTO p1 SELECT 1, n FROM generate_series(1, 9) n;
