create table a (id int not null, code text not null, constraint a_pkey primary key (id));
create table b (id int primary key, a_id int references a);
