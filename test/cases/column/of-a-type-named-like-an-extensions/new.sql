create schema "Extra Types";
create extension hstore schema "Extra Types";
create domain hstore as text;
create table items (id int primary key, pairs jsonb, text jsonb, many jsonb[]);
