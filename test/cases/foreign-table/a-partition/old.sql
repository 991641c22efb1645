create foreign data wrapper plain;
create server one foreign data wrapper plain;
create table events (id int, at date) partition by range (at);
