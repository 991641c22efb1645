create table t (id int, v text) partition by list (id);
create table t_one partition of t (v default 'one') for values in (1);
create table t_two partition of t for values in (2);
create table base (v text default 'other');
create table heir (own int) inherits (base);
alter table heir alter v set default 'heir';
