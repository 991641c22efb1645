insert into logs values (1, '2024-01-01'), (101, '2024-01-02');
insert into heir values (1);
