create table t (a text, b int) partition by list (b);
create table t1 partition of t for values in (1);
create index i on t ((a || ' WHERE b')) with (fillfactor = 50) where a <> ' WITH (fillfactor=''50'') WHERE ';
create index " USING x" on t ((a || ' ON ONLY t')) where a <> ' WHERE ';
create table " USING hash (a)" (a text);
create index j on " USING hash (a)" ((a || ' ON ONLY u'), (a || ' WITH (fillfactor=''50'')')) with (fillfactor = 50);
create index k on " USING hash (a)" (a) where case when a = ' WHERE ' then true else a is null end;
