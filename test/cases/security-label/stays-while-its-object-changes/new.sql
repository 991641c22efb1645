create table t (id int primary key, v bigint, more text default 'x');
alter table t enable row level security;
create view w with (security_barrier) as select id from t;
-- No label provider is at hand, so SECURITY LABEL cannot write these.
insert into pg_seclabel values ('t'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret'),
  ('t'::regclass, 'pg_class'::regclass, 2, 'dummy', 'it''s classified'),
  ('w'::regclass, 'pg_class'::regclass, 0, 'dummy', 'unclassified');
