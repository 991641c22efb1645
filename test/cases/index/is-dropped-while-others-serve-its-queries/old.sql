create table a (id int primary key, b int, c int, d int); create index by_b on a (b); create index by_b_c on a (b, c); create index by_id on a (id);
