create table t (id integer not null, c varchar(20));
create table heir (own integer) inherits (t);
alter table t alter c set storage external;
