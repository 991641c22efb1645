create table events (id bigint not null, kind integer) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table events_rest partition of events default;
