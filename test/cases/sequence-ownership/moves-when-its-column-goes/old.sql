create sequence s;
create table a (x int default nextval('s'), y int);
alter sequence s owned by a.x;
create sequence stays;
create table gone (x int);
alter sequence stays owned by gone.x;
