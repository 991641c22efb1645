create schema "Extra Types";
create extension hstore;
create table items (id int primary key, attributes hstore default ''::hstore);
create view attributes as select id, attributes -> 'a' as a from items;
