create table a (id serial primary key, gone bigserial);
