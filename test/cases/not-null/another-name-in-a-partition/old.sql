create table logs (id integer primary key, at date not null) partition by range (id);
create table logs_low partition of logs for values from (0) to (100);
create table logs_high (id integer not null, at date not null, primary key (id));
alter table logs attach partition logs_high for values from (100) to (200);
create table base (a integer constraint base_a not null);
create table heir (a integer constraint heir_a not null) inherits (base);
