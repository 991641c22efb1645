create role "Mapped One";
create foreign data wrapper plain;
create server s foreign data wrapper plain;
create user mapping for public server s options (b '3', c '4');
create user mapping for current_user server s;
