create unlogged table d (id integer primary key);
create unlogged table c (id integer primary key references d);
create unlogged table a (id integer primary key references c);
create unlogged table b (id integer primary key references a, self integer references b);
create unlogged table e (id integer references d);
create unlogged table stays (id integer references d);
