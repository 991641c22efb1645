CREATE FUNCTION back(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT btint4cmp($2, $1) $$;
CREATE OPERATOR CLASS backwards FOR TYPE integer USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 back(integer, integer), FUNCTION 4 btequalimage(oid);
CREATE TABLE t (a integer);
CREATE INDEX i ON t (a backwards);
