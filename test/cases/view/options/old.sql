CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v WITH (security_barrier = true) AS SELECT a FROM t;
CREATE VIEW w AS SELECT a FROM t WHERE a > 0;
