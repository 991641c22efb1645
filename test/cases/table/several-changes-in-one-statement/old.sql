create table t (id int primary key, a int, b varchar(5), c int, d numeric(8,2), e real, g int);
