create role owner_a superuser;
create table t (id serial);
create sequence waits;
alter sequence waits owner to owner_a;
create table turns (id serial, k int);
create sequence kept;
create table whose (id int default nextval('kept'));
alter sequence kept owned by whose.id;
alter table whose owner to owner_a;
