CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT a, b, id FROM t;
CREATE VIEW w AS SELECT a, b FROM v;
COMMENT ON COLUMN v.a IS 'kept';
