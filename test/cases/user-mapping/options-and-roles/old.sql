create role "Mapped One";
create foreign data wrapper plain;
create server s foreign data wrapper plain;
create user mapping for public server s options (a '1', b '2');
create user mapping for "Mapped One" server s;
