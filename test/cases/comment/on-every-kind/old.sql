create schema s;
create table s.t (id int primary key, a int check (a > 0), b text unique);
create table s.child (id int references s.t);
create index t_b on s.t (b);
