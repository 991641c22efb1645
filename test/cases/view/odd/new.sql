CREATE TABLE t (id integer, a integer, b text);
CREATE SCHEMA "S s";
CREATE VIEW "S s"."V ""v" AS SELECT a AS "A a", b COLLATE "C" AS "select" FROM t;
CREATE VIEW nothing AS SELECT;
