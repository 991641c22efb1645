create schema app;
create domain grade as integer;
create table app.t (id integer, a grade);
create view v as select id, a from app.t;
