create schema extensions;
create extension hstore schema extensions;
create table items (id int primary key, attributes extensions.hstore default '', tags text);
create index items_attributes on items using gin (attributes);
create function keys(items) returns text[] language sql stable as 'select extensions.akeys($1.attributes)';
comment on extension hstore is 'Attributes of items';
