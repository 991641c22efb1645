CREATE TABLE t (id integer PRIMARY KEY, a integer);
CREATE VIEW v AS SELECT id, a, count(*) AS n FROM t GROUP BY id;
