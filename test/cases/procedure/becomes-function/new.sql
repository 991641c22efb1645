CREATE FUNCTION p(a integer, b integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;
