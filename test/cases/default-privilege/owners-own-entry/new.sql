create role keeper;
create role reader;
alter default privileges for role keeper grant select on tables to reader;
alter default privileges for role keeper revoke all on tables from keeper;
alter default privileges for role keeper revoke execute on functions from public;
