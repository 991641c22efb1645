CREATE FUNCTION add(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce($1, 0) + $2 $$;
