// Schemas for the tests of documents.
import type { DescribedRelation, Description } from '../../lib/describe/description.ts';

/** SQL with an object of each sort that documents show. */
export const fillSchema = `
create schema shop;
comment on schema shop is 'Orders and customers.';
create type shop.status as enum ('open', 'paid');
create type shop.address as (street text, city text);
create domain shop.email as text not null default 'x@example.com' check (value like '%@%');
create type shop.span as range (subtype = float8);
create sequence shop.numbers as integer;
create table shop.customers (id bigint generated always as identity primary key, email shop.email unique,
  home shop.address, manager bigint references shop.customers, born date check (born > '1900-01-01'),
  name text not null default 'nobody', upper_name text generated always as (upper(name)) stored);
create table shop.orders (id bigint not null, placed date not null default current_date,
  customer bigint not null references shop.customers on delete cascade, status shop.status,
  primary key (id, placed)) partition by range (placed);
create table shop.orders_2026 partition of shop.orders for values from ('2026-01-01') to ('2027-01-01');
create index orders_by_status on shop.orders (status) where status <> 'paid';
create view shop.open_orders as select id, placed from shop.orders where status = 'open';
create materialized view shop.totals as select customer, count(*) as orders from shop.orders group by customer;
create function shop.touch() returns trigger language plpgsql as 'begin return new; end';
create function shop.total(who bigint, since date default '2000-01-01') returns bigint language sql stable
  security definer as 'select count(*) from shop.orders where customer = who and placed > since';
create procedure shop.clean(inout done int) language plpgsql as 'begin end';
create aggregate shop.sum_up(int) (sfunc = int4pl, stype = int, initcond = '0');
create trigger touch before update on shop.customers for each row execute function shop.touch();
alter table shop.customers enable row level security;
create policy own on shop.customers for select using (name = current_user);
create policy mine on shop.customers as restrictive for update to public using (true) with check (name <> '');
grant select on shop.customers to public;
grant all on shop.orders to public;
grant update (name) on shop.customers to public;
grant all (email) on shop.customers to public;
revoke execute on function shop.total from public;
grant usage on sequence shop.numbers to public;
revoke usage on type shop.address from public;
comment on table shop.customers is 'People who buy.';
comment on column shop.customers.name is 'As they write it.';
comment on constraint customers_pkey on shop.customers is 'The key.';
comment on policy own on shop.customers is 'Each sees only itself.';
comment on function shop.total is 'Counts orders.';
`;

/** Tables of which each references the one before it, and the first the last. */
export function manyTables(count: number): Description {
  const table = (at: number): DescribedRelation => ({
    path: ['public', `table_${at}`],
    sort: 'table',
    comment: null,
    owner: 'pgmage',
    partitionKey: null,
    partitionOf: null,
    rowSecurity: false,
    columns: Array.from({ length: 1 + (at % 50) }, (_, place) => ({
      name: `column_${place}`,
      type: '23',
      typeText: 'integer',
      required: true,
      nullable: false,
      default: null,
      identity: null,
      generated: false,
      dimensions: 0,
      comment: null,
      grants: [],
    })),
    constraints: [
      {
        name: 'reference',
        sort: 'foreign',
        columns: ['column_0'],
        definition: '',
        references: ['public', `table_${(at + 1) % count}`],
        comment: null,
      },
    ],
    indexes: [],
    triggers: [],
    policies: [],
    grants: [],
  });
  return {
    major: 18,
    schemas: [],
    extensions: [],
    relations: Array.from({ length: count }, (_, at) => table(at)),
    types: [],
    routines: [],
    sequences: [],
    values: new Map(),
  };
}
