create table orders (id int not null, placed date not null, customer int) partition by range (placed);
create table orders_2024 partition of orders for values from ('2024-01-01') to ('2025-01-01');
create table orders_2025 partition of orders for values from ('2025-01-01') to ('2026-01-01') partition by list (customer);
create table orders_2025_rest partition of orders_2025 default;
alter table orders_2024 alter customer set default 1;
alter table orders_2024 alter customer set not null;
