create table a (id int primary key, b int unique, c int, d int); create index by_c on a (c); create index by_d on a (d); create index by_d_partly on a (d) where c > 0;
