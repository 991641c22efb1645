create table visits (id integer not null, country text) partition by list (country);
create table visits_ch partition of visits for values in ('ch');
create table visits_rest partition of visits default;
create table clicks (id integer not null) partition by range (id);
