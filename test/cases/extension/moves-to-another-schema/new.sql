create schema "Extra Types";
create extension hstore schema "Extra Types";
create table items (id int primary key, attributes "Extra Types".hstore default ''::"Extra Types".hstore);
create view attributes as select id, attributes operator("Extra Types".->) 'a' as a from items;
