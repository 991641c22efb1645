create type level as enum ('low', 'high');
create domain worst as level check (value <> 'low');
create type reading as (at timestamptz, level level, all_levels level[]);
create function is_high(level) returns boolean language sql immutable as $$ select $1::text = 'high' $$;
create table events (id int primary key, at level not null default 'low', others level[], worst worst, reading reading,
  constraint known check (at <> 'low' or others is null));
create index on events (at) where at <> 'low';
create index on events (is_high(at));
create view high_events as select id, at, (reading).level as "of" from events where at = 'high';
create materialized view levels as select at, count(*) from events group by at;
create table level_names (level level primary key, name text);
grant usage on type level to public;
comment on type level is 'how bad it is';
