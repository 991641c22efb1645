create table a (id int primary key, b int, c int, d int); create index by_b_c on a (b, c); 
