create type spot as (y int, z int, x int);
create table marks (id int primary key, at spot, path spot[]);
create view abscissas as select id, (at).x from marks;
