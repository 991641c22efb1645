create function cmp(int, int) returns int language sql immutable as 'select case when $1 < $2 then -1 when $1 > $2 then 1 else 0 end';
create operator class odd for type int using btree as operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 cmp(int, int), function 4 btequalimage(oid);
create type span as range (subtype = int, subtype_opclass = odd);
create table t (id int primary key, s span);
