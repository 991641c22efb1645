CREATE FUNCTION step(state integer[], VARIADIC v integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$ SELECT state || v $$;
CREATE FUNCTION st(s integer[], a integer) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$ SELECT s || a $$;
CREATE FUNCTION fin(s integer[], p integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT s[p] $$;
