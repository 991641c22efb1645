create table customers (id integer primary key, name varchar(20) default 'nobody', note text default '');
create table orders (id integer primary key, customer integer references customers, total integer default 0 check (total >= 0),
  gross integer generated always as (total * 2) stored);
create index orders_total on orders (total) where total > 10;
create view big_orders as select id, total, gross from orders where total > 100;
create view bigger_orders as select * from big_orders where total > 1000;
create function touch() returns trigger language plpgsql as 'begin return new; end';
create trigger orders_touch before update of total on orders for each row when (old.total is distinct from new.total) execute function touch();
alter table orders enable row level security;
create policy small on orders using (total < 1000);
comment on view big_orders is 'big';
