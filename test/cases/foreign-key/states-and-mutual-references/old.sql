create table a (id int primary key, b int);
create table b (id int primary key, a int references a);
alter table a add constraint a_b foreign key (b) references b not valid;
create table c (x int, y int, unique (x, y));
create table d (x int, y int, constraint d_c foreign key (x, y) references c (x, y) on delete set null (y));
