CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM v;
COMMENT ON COLUMN v.a IS 'kept';
