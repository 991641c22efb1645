create table a (id int primary key, b int);
create table b (id int primary key, a int references a on delete cascade);
alter table a add constraint a_b foreign key (b) references b deferrable initially deferred;
create table c (x int, y int, unique nulls not distinct (x, y));
create table d (x int, y int, constraint d_c foreign key (x, y) references c (x, y) match full on update cascade on delete set null (x));
