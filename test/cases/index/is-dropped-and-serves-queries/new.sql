create table a (id int, b int, c int, d int); create index by_d_partly on a (d) where c > 0;
