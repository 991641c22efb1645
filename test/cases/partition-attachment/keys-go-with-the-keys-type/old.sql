create table events (id integer not null, kind integer, constraint events_key primary key (id), constraint events_unique unique (id, kind)) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table events_rest partition of events default;
create index events_index on events (kind);
