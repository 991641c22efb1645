CREATE TABLE t (id integer, a integer, b text);
CREATE VIEW v WITH (security_invoker = true) AS SELECT a FROM t;
CREATE VIEW w WITH (security_barrier) AS SELECT a FROM t WHERE a > 1 WITH LOCAL CHECK OPTION;
