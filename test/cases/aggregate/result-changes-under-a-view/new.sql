CREATE FUNCTION add(bigint, integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, 0) + $2 $$;
CREATE AGGREGATE total(b integer) (SFUNC = add, STYPE = bigint);
CREATE TABLE t (a integer);
CREATE VIEW v AS SELECT total(a)::bigint AS n FROM t;
