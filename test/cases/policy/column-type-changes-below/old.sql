CREATE TABLE t (id integer, a integer, b text);
CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT x $$;
CREATE POLICY p ON t USING (f(a) > 0);
CREATE TABLE u (x integer);
CREATE POLICY p ON u USING (EXISTS (SELECT FROM t WHERE t.a = u.x));
