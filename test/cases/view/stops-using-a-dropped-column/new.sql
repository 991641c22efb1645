CREATE TABLE t (id integer, a integer);
CREATE VIEW v AS SELECT a FROM t WHERE id <> 0;
