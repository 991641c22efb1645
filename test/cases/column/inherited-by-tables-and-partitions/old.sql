create table base (id int not null, name text check (name <> ''));
create table heir (extra int) inherits (base);
create table grandchild () inherits (heir);
create table p (id int, v int) partition by hash (id);
create table p0 partition of p for values with (modulus 2, remainder 0);
create table p1 partition of p for values with (modulus 2, remainder 1);
