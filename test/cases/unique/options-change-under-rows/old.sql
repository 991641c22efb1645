create table t (
  a int, b int, c int, d int,
  constraint nulls unique (a),
  constraint waits unique (b),
  constraint includes unique (c),
  constraint goes unique (d)
);
