create table base (a integer not null, b text constraint filled not null);
create table heir (a integer) inherits (base);
create table logs (id integer not null) partition by range (id);
create table logs_low partition of logs for values from (0) to (100);
