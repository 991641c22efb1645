CREATE TABLE t (id integer, a integer, b text);
CREATE FUNCTION n() RETURNS bigint BEGIN ATOMIC SELECT sum(a) FROM t; END;
