CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v AS SELECT a FROM t WHERE b <> '';
