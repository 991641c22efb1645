create table a (id int not null, k int not null);
create unique index a_id on a (id);
create unique index a_k on a (k);
alter table a replica identity using index a_id;
alter table a cluster on a_id;
create table b (id int); alter table b replica identity full;
create table c (id int);
