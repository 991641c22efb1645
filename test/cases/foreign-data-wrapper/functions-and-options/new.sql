create extension file_fdw;
create foreign data wrapper plain handler file_fdw_handler options (debug 'true', level 'a\b');
create foreign data wrapper files handler file_fdw_handler;
create foreign data wrapper other;
