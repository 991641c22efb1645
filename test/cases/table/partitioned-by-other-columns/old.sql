create table events (id integer not null, at date not null, primary key (id, at)) partition by range (id);
create table events_low partition of events for values from (minvalue) to (100);
create table events_rest partition of events default;
create view seen as select id from events;
