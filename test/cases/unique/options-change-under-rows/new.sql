create table t (
  a int, b int, c int, d int,
  constraint nulls unique nulls not distinct (a),
  constraint waits unique (b) deferrable,
  constraint includes unique (c) include (d),
  constraint comes unique (d, a) with (fillfactor = 70)
);
