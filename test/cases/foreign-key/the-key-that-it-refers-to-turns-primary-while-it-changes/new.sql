create table a (id integer not null, constraint a_key primary key (id));
create table b (id integer);
alter table b add constraint b_a foreign key (id) references a (id) not valid;
