create table events (id integer not null, b integer, c integer) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table other (id integer, b integer not null) partition by range (id);
create table moved partition of other for values from (minvalue) to (100);
create table base (b integer);
create table heir () inherits (base);
