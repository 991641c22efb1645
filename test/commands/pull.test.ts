// A schema is pulled from a database into files that a person would write, and that load to the same schema
// again.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pull } from '../../lib/commands/pull.ts';
import { compare } from '../../lib/compare/compare.ts';
import { buildUnpin } from '../../lib/pg/pinned.ts';
import { withTarget } from '../../lib/project/source.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rmSync(cache, { recursive: true }));

// A project of its own with a database that holds a schema.
async function having<T>(
  schema: string,
  use: (of: { project: Project; url: string }) => Promise<T>,
): Promise<T> {
  return withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, schema);
    const of = { project: project(url, cache), url };
    try {
      return await use(of);
    } finally {
      of.project.drop();
    }
  });
}

const shop = `
create schema app;
create type mood as enum ('sad', 'ok');
create table orders (id serial primary key, customer bigint not null references customers, total numeric(10,
2) default 0 check (total >= 0));
create index on orders (customer);
comment on table orders is 'What was bought';
comment on column orders.total is 'With tax';
create view app.totals as select customer, sum(total) as total from orders group by customer;
create function touch() returns trigger language plpgsql as $$begin new.seen = now(); return new; end$$;
create trigger touched before update on customers for each row execute function touch();
alter table customers enable row level security;
create policy own on customers using (email = current_user);
grant select on orders to public;`;

const customers = `create function at() returns timestamptz stable language sql as 'select now()';
create table customers (id bigint generated always as identity primary key, email text not null unique,
seen timestamptz default at());`;

test('what is written is in the order and the style of a person', async () => {
  await having(customers + shop, async ({ project: { context } }) => {
    const report = await pull(context, {}, undefined);
    // 15 writes the table before each of its columns.
    const orders = anyServer().major < 16 ? 'orders.' : '';
    expect(report).toMatchObject({ from: 'local', to: 'schema.sql', objects: 8, done: true, removed: [] });
    expect(readFileSync(context.project.schema, 'utf8')).toBe(`-- Schemas

CREATE SCHEMA app;

-- Types

CREATE TYPE public.mood AS ENUM ('sad', 'ok');

-- Tables

CREATE OR REPLACE FUNCTION public.at()
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
AS $function$select now()$function$;

CREATE TABLE public.customers (
  id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
  email text NOT NULL,
  seen timestamp with time zone DEFAULT public.at(),
  CONSTRAINT customers_pkey PRIMARY KEY (id),
  CONSTRAINT customers_email_key UNIQUE (email)
);

ALTER TABLE public.customers ENABLE ROW LEVEL SECURITY;

CREATE TABLE public.orders (
  id serial NOT NULL,
  customer bigint NOT NULL,
  total numeric(10,2) DEFAULT 0,
  CONSTRAINT orders_pkey PRIMARY KEY (id),
  CONSTRAINT orders_total_check CHECK ((total >= (0)::numeric)),
  CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES public.customers(id)
);

CREATE INDEX orders_customer_idx ON public.orders USING btree (customer);
COMMENT ON TABLE public.orders IS 'What was bought';
COMMENT ON COLUMN public.orders.total IS 'With tax';

-- Views

CREATE VIEW app.totals AS
 SELECT ${orders}customer,
    sum(${orders}total) AS total
   FROM public.orders
  GROUP BY ${orders}customer;

-- Functions

CREATE OR REPLACE FUNCTION public.touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$begin new.seen = now(); return new; end$function$;

-- Triggers

CREATE TRIGGER touched BEFORE UPDATE ON public.customers FOR EACH ROW EXECUTE FUNCTION public.touch();

-- Policies

CREATE POLICY own ON public.customers FOR ALL TO PUBLIC USING ((email = CURRENT_USER));

-- Privileges

GRANT SELECT ON TABLE public.orders TO PUBLIC;
`);
  });
});

test('a serial that heirs of its table use, and a compressed column with a collation', async () => {
  const owner = `owner_of_serials_${process.pid}`;
  const schema = `create role ${owner}; create table log (id serial, msg text);
    create table log_old (archived date) inherits (log); create table notes (body text compression pglz
    collate "C"); alter table log owner to ${owner}; alter table log_old owner to ${owner}`;
  await having(schema, async ({ project: { context }, url }) => {
    try {
      await pull(context, {}, undefined);
      expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
    } finally {
      await rowsOf(url, `drop table log cascade; drop role ${owner}`);
    }
  });
});

test('the embedded database is pulled, too', async () => {
  const embedded = project(null, cache);
  const { context } = embedded;
  await withTarget(context, await context.world.environment(), (connection) =>
    connection.execute(`${buildUnpin('session')}; ${customers}${shop}`),
  );
  await pull(context, {}, undefined);
  expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
  const text = readFileSync(context.project.schema, 'utf8');
  await pull(context, { from: context.project.schema, force: true }, undefined);
  expect(readFileSync(context.project.schema, 'utf8')).toBe(text);
  embedded.drop();
});

test('what is there is only overwritten where that is meant', async () => {
  await having('create table a (); create table b ()', async ({ project: own, url }) => {
    own.want('create table mine ();\n');
    const refused = await failure(pull(own.context, {}, undefined));
    expect(refused.message).toBe('db:pull would overwrite schema.sql (2 lines added, 1 removed)');
    expect((await pull(own.context, {}, async () => false)).done).toBe(false);
    expect(readFileSync(own.context.project.schema, 'utf8')).toBe('create table mine ();\n');
    const asked = await pull(own.context, {}, async ({ written }) => written.length === 1);
    expect(asked.done).toBe(true);
    expect((await pull(own.context, {}, undefined)).written).toEqual([]);
    await rowsOf(url, 'drop table b');
    expect((await pull(own.context, { force: true }, undefined)).written).toMatchObject([
      { file: 'schema.sql', changed: { added: 0, removed: 1 } },
    ]);
  });
});

test('names that some machines take for the same file stand in one', async () => {
  await having(
    'create table "Users" (a int); create table users (b int)',
    async ({ project: { context } }) => {
      await pull(context, { split: true }, undefined);
      const folder = join(context.project.root, 'schema');
      expect(readdirSync(join(folder, 'tables'))).toEqual(['public.users.sql']);
      expect((await compare(context, 'local', folder)).same).toBe(true);
    },
  );
});

test('an empty database deletes no schema file', async () => {
  await having('', async ({ project: { context, want }, url }) => {
    want('create table mine ();');
    for (const split of [false, true]) {
      const report = await pull(context, { split, force: true }, undefined);
      expect(report).toMatchObject({ objects: 0, written: [], removed: [] });
      expect(readFileSync(context.project.schema, 'utf8')).toBe('create table mine ();');
    }
    await rowsOf(url, 'create table given ()');
    await pull(context, { split: true, force: true }, undefined);
    await rowsOf(url, 'drop table given');
    const folder = join(context.project.root, 'schema');
    expect(await pull(context, { split: true, force: true }, undefined)).toMatchObject({ removed: [] });
    expect(readdirSync(join(folder, 'tables'))).toEqual(['public.given.sql']);
  });
});

test('a folder by object', async () => {
  await having(customers + shop, async ({ project: { context, want } }) => {
    want('create table mine ();');
    await pull(context, { split: true, force: true }, undefined);
    expect(existsSync(context.project.schema)).toBe(false);
    const folder = join(context.project.root, 'schema');
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    expect(names.filter((name) => name.endsWith('.sql')).sort()).toEqual([
      'functions/public.at.sql',
      'functions/public.touch.sql',
      'schemas.sql',
      'tables/public.customers.sql',
      'tables/public.orders.sql',
      'types/public.mood.sql',
      'views/app.totals.sql',
    ]);
    expect((await compare(context, 'local', folder)).same).toBe(true);
  });
});
