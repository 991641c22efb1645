create role keeper superuser;
create role reader;
create table t (a int);
alter table t owner to keeper;
grant select on t to reader with grant option;
grant insert, delete on t to reader;
revoke all on t from keeper;
