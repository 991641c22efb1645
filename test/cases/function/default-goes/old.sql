CREATE FUNCTION f(x integer, y integer DEFAULT 2) RETURNS integer LANGUAGE sql AS $$ SELECT x + y $$;
CREATE TABLE t (a integer DEFAULT f(1, 2));
