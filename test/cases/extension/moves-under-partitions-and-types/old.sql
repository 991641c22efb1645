create schema types;
create extension citext;
create type named as (id int, name citext, names citext[]);
create type span as range (subtype = citext);
create table people (name citext, called named, within span) partition by list (name);
create table people_a partition of people for values in ('a', 'b');
create table marks (id int primary key, name citext default 'public.x', low text generated always as (lower(name)) stored);
create function known() returns citext language sql immutable as $$ select 'x'::citext $$;
create view shown as select name, known() as known from marks;
