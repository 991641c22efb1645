create role owner_a superuser;
create type span as range (subtype = integer);
alter type span owner to owner_a;
