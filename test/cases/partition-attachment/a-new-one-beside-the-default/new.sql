create table visits (id integer not null, country text) partition by list (country);
create table visits_ch partition of visits for values in ('ch');
create table visits_rest partition of visits default;
create table visits_fr partition of visits for values in ('fr');
create table clicks (id integer not null) partition by range (id);
create table clicks_low partition of clicks for values from (0) to (100);
