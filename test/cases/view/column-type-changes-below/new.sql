CREATE TABLE t (id integer, a bigint, b text);
CREATE VIEW v AS SELECT a FROM t;
CREATE VIEW w AS SELECT max(a) AS m FROM v;
