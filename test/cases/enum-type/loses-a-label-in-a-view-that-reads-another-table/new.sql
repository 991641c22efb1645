create schema app;
create type mood as enum ('calm');
create table app.t (id integer, a mood);
create view v as select id, a::text as a_text from app.t;
