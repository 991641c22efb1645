insert into events values (1, '2024-01-01'), (200, '2024-01-02');
insert into kept values (1);
