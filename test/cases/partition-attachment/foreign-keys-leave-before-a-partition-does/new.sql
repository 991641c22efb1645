create table events (id bigint primary key) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table events_rest partition of events default;
create table more (event integer);
create table stays (id integer primary key) partition by range (id);
create table stays_low partition of stays for values from (minvalue) to (100);
create table stays_rest (id integer constraint stays_id_not_null not null primary key);
create table points (event integer references stays);
