create table customers (id bigint primary key, name text default 'nobody', note varchar(30) default '');
create table orders (id bigint primary key, customer bigint references customers, total numeric(12,2) default 0 check (total >= 0),
  gross numeric generated always as (total * 2) stored);
create index orders_total on orders (total) where total > 10;
create view big_orders as select id, total, gross from orders where total > 100;
create view bigger_orders as select * from big_orders where total > 1000;
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger orders_touch before update of total on orders for each row when (old.total is distinct from new.total) execute function touch();
alter table orders enable row level security;
create policy small on orders using (total < 1000);
comment on view big_orders is 'big';
