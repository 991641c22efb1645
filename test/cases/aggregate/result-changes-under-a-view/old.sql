CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, 0) + $2 $$;
CREATE AGGREGATE total(a integer) (SFUNC = add, STYPE = integer);
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT total(a)::bigint AS n FROM t;
