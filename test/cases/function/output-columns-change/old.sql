CREATE FUNCTION f(OUT a integer, OUT b text) LANGUAGE sql AS $$ SELECT 1, 'x'::text $$;
CREATE FUNCTION g() RETURNS TABLE (a integer) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW v AS SELECT f.a FROM f();
