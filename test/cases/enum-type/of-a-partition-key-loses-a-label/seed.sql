insert into orders values ('open', '2024-01-01', 'a'), ('closed', '2024-01-02', 'b');
