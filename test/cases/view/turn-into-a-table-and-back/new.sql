CREATE TABLE t (id integer, a integer, b text);
CREATE TABLE v (a integer);
