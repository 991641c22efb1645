create table events (id integer not null, at date not null, primary key (id, at)) partition by range (at);
create table events_low partition of events for values from (minvalue) to ('2024-01-01');
create table events_rest partition of events default;
create view seen as select id from events;
