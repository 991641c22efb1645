create table t (x int, y text);
