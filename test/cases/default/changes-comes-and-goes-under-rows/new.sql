create sequence numbers;
create function stamp() returns text language sql as $$ select 'made' $$;
create table t (
  id int primary key,
  changes text default 'it''s new',
  goes int,
  comes timestamptz default now(),
  calls text default stamp()
);
