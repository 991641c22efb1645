create table t (id int primary key, v int);
create materialized view m as select id, v from t;
create unique index m_id on m (id);
comment on index m_id is 'For refresh concurrently';
create view over as select id from m;
