create type spot as (x int, z int);
create table marks (id int primary key, at spot, path spot[]);
