create table t (id int);
create view v as select id, 1 as one from t;
create extension hstore;
comment on table t is 'Two';
comment on view v is 'Stays';
