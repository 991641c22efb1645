CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT f(a) AS y FROM t;
CREATE VIEW w AS SELECT y::text AS y FROM v;
