create table a (id int not null, k int not null);
create unique index a_k on a (k);
alter table a replica identity using index a_k;
alter table a cluster on a_k;
create table b (id int);
create table c (id int); alter table c replica identity nothing;
