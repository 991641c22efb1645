// The example of the guide on legacy ids: three related tables with a cycle, whose ids are new in the target.
import type { DataConfig } from '../../lib/config/data.ts';

// Companies refer to their owners, and customers to their companies: a cycle.
/** The source. */
export const legacy = `create table companies (id int primary key, name text, owner int);
  create table customers (id int primary key, full_name text, email text,
    company int references companies);
  alter table companies add foreign key (owner) references customers deferrable initially deferred;
  create table orders (id int primary key, customer int not null references customers, total numeric);
  begin; insert into companies values (1, 'ACME', 10), (2, 'Duff', null);
  insert into customers values (10, 'Ann', 'ANN@x.org', 1), (11, 'Bob', 'bob@x.org', 2); commit;
  insert into orders values (100, 10, 5), (101, 11, 6)`;
/** The target, with rows that were copied before. */
export const modern = `create schema migration;
  create table migration.id_map (entity text, legacy_id bigint, uuid uuid, primary key (entity, legacy_id));
  create table companies (id uuid primary key, name text, owner uuid);
  create table users (id uuid primary key, name text, email text, company uuid references companies);
  alter table companies add foreign key (owner) references users deferrable initially deferred;
  create table orders (id bigint generated always as identity primary key, legacy_id int unique,
    customer uuid not null references users, total numeric);
  insert into migration.id_map select 'company', n, ('00000000-0000-0000-0000-0000000000a' || n)::uuid
    from generate_series(1, 2) n;
  insert into migration.id_map select 'customer', n, ('00000000-0000-0000-0000-0000000000' || n)::uuid
    from generate_series(10, 11) n;
  begin; insert into companies values ('00000000-0000-0000-0000-0000000000a1', 'ACME',
      '00000000-0000-0000-0000-000000000010'), ('00000000-0000-0000-0000-0000000000a2', 'Duff', null);
  insert into users values ('00000000-0000-0000-0000-000000000010', 'Ann', 'ann@x.org',
      '00000000-0000-0000-0000-0000000000a1'),
    ('00000000-0000-0000-0000-000000000011', 'Bob', 'bob@x.org', '00000000-0000-0000-0000-0000000000a2'); commit;
  insert into orders (legacy_id, customer, total) values (100, '00000000-0000-0000-0000-000000000010', 5),
    (101, '00000000-0000-0000-0000-000000000011', 6)`;
const map = (entity: string) => ({
  table: 'migration.id_map',
  where: { entity },
  old: 'legacy_id',
  new: 'uuid',
});
/** The configuration. */
export const data: DataConfig = {
  tables: {
    companies: { ids: map('company') },
    customers: {
      to: 'users',
      columns: { name: 'full_name', email: 'lower(email)' },
      ids: map('customer'),
    },
    orders: { ids: { column: 'legacy_id' } },
  },
};
