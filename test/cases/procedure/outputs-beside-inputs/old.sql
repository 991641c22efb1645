CREATE PROCEDURE p(a integer, b integer) LANGUAGE sql AS $$ SELECT 1 $$;
