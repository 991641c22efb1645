create table t (id bigint, a int generated always as identity, b int not null, note text);
