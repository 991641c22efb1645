CREATE FUNCTION f(x integer, OUT a integer) LANGUAGE sql AS $$ SELECT x $$;
