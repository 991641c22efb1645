create table t (id integer);
create type shape as (x integer, y text);
create table shaped (x integer, y text);
create type form as (x integer, y text);
create table formed of form;
create table p (id integer, a integer, b text) partition by range (id);
create table p_low partition of p for values from (1) to (10);
create index p_a on p (a);
