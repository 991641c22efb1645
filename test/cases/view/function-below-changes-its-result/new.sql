CREATE FUNCTION f(x integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT x::numeric $$;
CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT f(a) AS y FROM t;
CREATE VIEW w AS SELECT y::text AS y FROM v;
