CREATE FUNCTION f(x integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT x::bigint $$;
CREATE TABLE t (a integer DEFAULT f(1), CHECK (f(a) > 0));
CREATE INDEX i ON t (f(a));
COMMENT ON FUNCTION f(integer) IS 'kept';
