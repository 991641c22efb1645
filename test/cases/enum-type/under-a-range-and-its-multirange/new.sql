create type e as enum ('a', 'c');
create type r as range (subtype = e);
create domain d as r;
create table t (r r, d d, m r_multirange);
