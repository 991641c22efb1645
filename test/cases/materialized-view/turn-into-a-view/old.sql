CREATE TABLE t (id integer, a integer, b text);
CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
