CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW w AS SELECT a FROM t;
CREATE VIEW v AS SELECT a FROM w;
