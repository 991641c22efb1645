create table base (id integer);
create table last (own integer) inherits (base);
create table middle (size integer) inherits (last);
