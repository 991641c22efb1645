create table events (id bigint not null, b integer not null, c integer not null) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table other (id integer, b integer not null) partition by range (b);
create table moved partition of other for values from (minvalue) to (100);
create table base (b integer not null);
create table heir () inherits (base);
alter table heir alter b set not null;
