create table a (id serial primary key, come smallserial);
create table b (id bigserial primary key);
