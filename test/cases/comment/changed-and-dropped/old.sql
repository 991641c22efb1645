create table t (id int);
create view v as select id from t;
create extension hstore;
comment on table t is 'One';
comment on column t.id is 'Gone';
comment on view v is 'Stays';
comment on extension hstore is 'Mine';
comment on schema public is 'All';
