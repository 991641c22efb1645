CREATE TABLE t (id integer, a bigint, b text);
CREATE FUNCTION n() RETURNS numeric BEGIN ATOMIC SELECT sum(a) FROM t; END;
