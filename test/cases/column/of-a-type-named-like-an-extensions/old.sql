create schema "Extra Types";
create extension hstore schema "Extra Types";
create domain hstore as text;
create table items (id int primary key, pairs "Extra Types".hstore, text hstore, many "Extra Types".hstore[]);
