create schema app;
create type mood as enum ('sad', 'calm');
create table t (id integer, a mood, c text);
create view v as select id, a::text as a_text, c::text as c_text from t;
