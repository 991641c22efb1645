create table code (id int);
create table u (c code, d int);