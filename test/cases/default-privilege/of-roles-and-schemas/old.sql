create role maker;
create role reader;
create schema s;
create schema gone;
alter default privileges grant select on tables to reader;
alter default privileges in schema s grant select, update on sequences to reader with grant option;
alter default privileges in schema gone grant execute on routines to reader;
alter default privileges for role maker in schema s grant all on types to public;
alter default privileges for role maker grant usage on schemas to reader;
