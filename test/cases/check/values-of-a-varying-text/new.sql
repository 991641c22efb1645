CREATE DOMAIN d AS varchar CHECK (VALUE IN ('x', 'it''s', NULL));
CREATE TABLE t (a varchar(10) CHECK (a IN ('x', 'it''s', 'b\c', '$$', '(ARRAY[')), b text, c boolean DEFAULT ('x'::varchar IN ('x', 'y')));
CREATE INDEX i ON t (b) WHERE a NOT IN ('x', 'y');
CREATE VIEW v AS SELECT a IN ('x', 'y') AS x, b IN ('x', 'y') AS y FROM t WHERE a IN ('it''s (ARRAY[''x''::character varying])::text[]', 'y');
CREATE POLICY p ON t USING (a IN ('x', 'y'));
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '(ARRAY[''x''::character varying])::text[]' WHERE 'x' = ANY ((ARRAY['x'::character varying])::text[]); $$;
