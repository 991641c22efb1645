create foreign data wrapper plain;
create server one foreign data wrapper plain;
create table events (id int, at date) partition by range (at);
create foreign table events_old partition of events for values from (minvalue) to ('2020-01-01') server one options (file 'old');
