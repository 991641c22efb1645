CREATE TABLE t (a varchar(10), b text, c boolean);
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '(ARRAY[''x''::character varying])::text[]' WHERE 'x' = ANY ((ARRAY['x'::character varying])::text[]) $$;
