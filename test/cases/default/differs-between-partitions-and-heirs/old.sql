create table t (id int, v text default 'all') partition by list (id);
create table t_one partition of t for values in (1);
create table t_two partition of t (v default 'two') for values in (2);
create table base (v text default 'base');
create table heir (own int) inherits (base);
