CREATE FUNCTION cmp(integer, numeric) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT numeric_cmp($1::numeric, $2) $$;
