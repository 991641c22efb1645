create schema "Extra Types";
create extension hstore schema "Extra Types";
create domain flag as boolean;
create type entry as (active boolean, marked flag, flags boolean[], span int4range, pairs "Extra Types".hstore, tab regclass);
create table log (id int primary key, entry entry);
