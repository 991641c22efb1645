create table events (id int not null, at date not null) partition by range (at);
create table events_all partition of events default;
