create role keeper superuser;
create role reader;
create table t (a int);
alter table t owner to keeper;
grant select, insert, update on t to reader with grant option;
grant all on t to keeper with grant option;
