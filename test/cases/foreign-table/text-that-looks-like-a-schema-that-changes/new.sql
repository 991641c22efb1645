create schema v1;
create schema v2;
create extension hstore schema v2;
create foreign data wrapper plain;
create server far foreign data wrapper plain;
create foreign table items (id int, tags v2.hstore, note text, "it's" text, kept regtype default 'v2.hstore'::regtype,
  check (tags operator(v2.<>) '' and "it's" <> 'v2.x')) server far options (query 'select * from v2.items');
alter foreign table items alter tags options (add source 'v2.tags');
alter foreign table items alter note set default 'v2.note';
