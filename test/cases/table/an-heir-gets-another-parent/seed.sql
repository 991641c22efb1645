INSERT INTO h (a, c) SELECT n::text, n FROM generate_series(1, 5) n;
