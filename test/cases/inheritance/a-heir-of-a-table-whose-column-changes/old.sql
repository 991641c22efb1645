create table t (id integer not null, c integer);
