create table events (id integer not null, at date) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100) partition by range (id);
create table events_lowest partition of events_low for values from (minvalue) to (10);
create table events_rest partition of events default;
create table kept (id integer);
