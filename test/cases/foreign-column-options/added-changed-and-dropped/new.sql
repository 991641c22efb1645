create foreign data wrapper plain;
create server one foreign data wrapper plain;
create foreign table t (id int options (b '3', d '4'), name text, "Last" int options (e '5')) server one;
