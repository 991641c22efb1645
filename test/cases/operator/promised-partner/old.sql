CREATE FUNCTION eq(integer, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text = $2 $$;
CREATE FUNCTION qe(text, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $2::text = $1 $$;
CREATE FUNCTION ne(integer, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT $1::text <> $2 $$;
CREATE FUNCTION minus(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT -$1 $$;
