create table t (
  a int4range,
  b text,
  constraint e exclude using gist (a with &&) with (fillfactor = 50) where (b <> ' WHERE (x) DEFERRABLE') deferrable,
  constraint f exclude using gist (a with &&) with (fillfactor = 60) where (b <> ' WHERE (x) DEFERRABLE'),
  constraint g exclude using gist (a with -|-) with (fillfactor = 50) where (b <> ' WHERE (x) INITIALLY DEFERRED')
);
