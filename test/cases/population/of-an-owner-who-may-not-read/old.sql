CREATE ROLE keeper;
CREATE ROLE reader;
CREATE TABLE t (id integer, a integer, b text);
CREATE TABLE s (id integer);
