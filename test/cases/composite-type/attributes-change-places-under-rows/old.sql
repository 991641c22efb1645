create type spot as (x int, y int);
create table marks (id int primary key, at spot, path spot[]);
create view abscissas as select id, (at).x from marks;
