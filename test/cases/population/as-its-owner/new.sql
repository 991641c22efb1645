CREATE ROLE keeper;
CREATE TABLE t (id integer, a integer, b text);
GRANT SELECT ON t TO keeper;
CREATE FUNCTION seen(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF current_user NOT IN ('keeper', 'postgres') THEN RAISE 'runs as %', current_user; END IF;
  RETURN n;
END $$;
CREATE MATERIALIZED VIEW m AS SELECT seen(a) AS a FROM t;
CREATE INDEX ON m (seen(a));
ALTER MATERIALIZED VIEW m OWNER TO keeper;
