create role owner_a superuser;
create role owner_b superuser;
