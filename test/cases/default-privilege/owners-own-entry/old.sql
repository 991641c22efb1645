create role keeper;
create role reader;
alter default privileges for role keeper grant select on tables to reader;
