create schema "Extra Types";
create extension hstore schema "Extra Types";
create domain flag as boolean;
create domain count as integer;
create type entry as (active numeric, marked count, flags bigint[], span int4multirange, pairs jsonb, tab oid, note text);
create table log (id int primary key, entry entry);
