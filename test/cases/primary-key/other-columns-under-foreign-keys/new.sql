create table a (id int not null, code text not null, constraint a_pkey primary key (code, id),
  constraint a_id unique (id));
create table b (id int primary key, a_id int references a (id));
