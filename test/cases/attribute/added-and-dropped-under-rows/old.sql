create type spot as (x int, y int);
create table marks (id int primary key, at spot, path spot[]);
