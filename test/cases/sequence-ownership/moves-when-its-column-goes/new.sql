create sequence s;
create table a (y int);
create table b (z int default nextval('s'));
alter sequence s owned by b.z;
create sequence stays;
