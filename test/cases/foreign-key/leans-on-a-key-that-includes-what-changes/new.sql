create table t (id integer not null, a bigint, b integer, constraint t_unique unique (id) include (a));
create table points (id integer references t (id));
create table whole (id bigint primary key, a integer);
create unique index whole_unique on whole (a) include (id);
create table to_index (a integer references whole (a));
