create role auditor;
create table people (id int, name text, salary int);
create view staff as select id, name, salary from people;
grant select (id, name) on staff to auditor;
grant update (salary) on people to auditor with grant option;
