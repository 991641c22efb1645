create sequence s;
create sequence t;
create table a (x int, y int);
alter sequence s owned by a.y;
