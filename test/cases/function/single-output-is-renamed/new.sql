CREATE FUNCTION f(x integer, OUT b integer) LANGUAGE sql AS $$ SELECT x $$;
