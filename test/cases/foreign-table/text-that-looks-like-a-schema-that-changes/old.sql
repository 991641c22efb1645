create schema v1;
create schema v2;
create extension hstore schema v1;
create foreign data wrapper plain;
create server far foreign data wrapper plain;
create foreign table items (id int, tags v1.hstore, note text, "it's" text, kept regtype default 'v1.hstore'::regtype,
  check (tags operator(v1.<>) '' and "it's" <> 'v1.x')) server far options (query 'select * from v1.items');
alter foreign table items alter tags options (add source 'v1.tags');
alter foreign table items alter note set default 'v1.note';
