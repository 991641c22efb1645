CREATE ROLE reader;
CREATE EXTENSION hstore;
CREATE EXTENSION pg_stat_statements;
CREATE EXTENSION postgres_fdw;
GRANT EXECUTE ON FUNCTION akeys(hstore) TO reader WITH GRANT OPTION;
GRANT SELECT, INSERT ON pg_stat_statements TO reader;
CREATE TABLE t (h hstore);
