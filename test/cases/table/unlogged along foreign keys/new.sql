create table d (id integer primary key);
create table c (id integer primary key references d);
create table a (id integer primary key references c);
create table b (id integer primary key references a, self integer references b);
create table e (id integer references d);
create unlogged table stays (id integer references d);
