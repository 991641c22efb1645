create type state as enum ('open', 'held', 'closed');
create table orders (state state not null, at date, note text) partition by list (state);
create table orders_open partition of orders for values in ('open');
create table orders_other partition of orders default partition by range (state, at);
create table orders_closed partition of orders_other for values from ('closed', minvalue) to ('closed', maxvalue);
create index orders_at on orders (at);
create view busy as select at from orders where state = 'open';
