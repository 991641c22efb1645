create table t (a text, b int) partition by list (b);
create table t1 partition of t for values in (1);
create index i on t ((a || ' WHERE b')) with (fillfactor = 60) where a <> ' WITH (fillfactor=''60'') WHERE ';
create index " USING x" on t ((a || ' ON ONLY t')) with (fillfactor = 60) where a <> ' WHERE ';
create table " USING hash (a)" (a text);
create index j on " USING hash (a)" ((a || ' ON ONLY u'), (a || ' WITH (fillfactor=''50'')')) with (fillfactor = 60);
create index k on " USING hash (a)" (a) with (fillfactor = 60) where case when a = ' WHERE ' then true else a is null end;
