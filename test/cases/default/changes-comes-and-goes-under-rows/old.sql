create sequence numbers;
create function stamp() returns text language sql as $$ select 'made' $$;
create table t (
  id int primary key default nextval('numbers'),
  changes text default 'old',
  goes int default 1 + 1,
  comes timestamptz,
  calls text
);
