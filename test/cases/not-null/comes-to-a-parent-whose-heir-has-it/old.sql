create table base (a integer, b text);
create table heir (a integer constraint heir_a not null, b text constraint filled not null) inherits (base);
create table logs (id integer) partition by range (id);
create table logs_low (id integer not null);
alter table logs attach partition logs_low for values from (0) to (100);
