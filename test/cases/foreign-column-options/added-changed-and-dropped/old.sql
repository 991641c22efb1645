create foreign data wrapper plain;
create server one foreign data wrapper plain;
create foreign table t (id int options (a '1', b '2'), name text options (c '3'), "Last" int) server one;
