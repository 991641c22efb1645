CREATE FUNCTION f(OUT a integer, OUT c text) LANGUAGE sql AS $$ SELECT 1, 'x'::text $$;
CREATE FUNCTION g() RETURNS TABLE (b integer) LANGUAGE sql AS $$ SELECT 1 $$;
CREATE VIEW v AS SELECT f.a FROM f();
