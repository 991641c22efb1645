create role owner_a superuser;
create type span as range (subtype = integer);
