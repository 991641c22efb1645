create table a (id integer not null, constraint a_key unique (id));
create table b (id integer, constraint b_a foreign key (id) references a (id));
