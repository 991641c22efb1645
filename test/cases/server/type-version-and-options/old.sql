create role mapper;
create foreign data wrapper plain;
create foreign data wrapper other;
create server kept version '1' foreign data wrapper plain options (host 'a', port '1');
create server retyped type 'x' foreign data wrapper plain;
create user mapping for mapper server retyped options ("user" 'm');
create foreign table rows (id int, name text) server retyped;
comment on server retyped is 'Elsewhere';
grant usage on foreign server retyped to mapper;
