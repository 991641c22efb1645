CREATE ROLE reader;
CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT a, b FROM t;
COMMENT ON COLUMN v.a IS 'first';
GRANT SELECT (b) ON v TO reader;
