// Rows whose ids are other ones in the target, made equal: new ids are allotted, references translated.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { contextOf } from '../copy/cloning.ts';
import { ways } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { data, legacy, modern } from './ids-scene.ts';
import { listChanges, type SyncedPair, withSynced } from './syncing.ts';

const shop = { source: legacy, target: modern, data };

// All that the target has, in the terms of the source: it shares no code with what is tested.
const inOldIds = `select 'company ' || c.legacy_id || ' ' || k.name || ' ' || coalesce(o.legacy_id::text, '-') as row
    from companies k join migration.id_map c on c.uuid = k.id and c.entity = 'company'
    left join migration.id_map o on o.uuid = k.owner and o.entity = 'customer'
  union all select 'user ' || m.legacy_id || ' ' || u.name || ' ' || u.email || ' ' || coalesce(c.legacy_id::text, '-')
    from users u join migration.id_map m on m.uuid = u.id and m.entity = 'customer'
    left join migration.id_map c on c.uuid = u.company and c.entity = 'company'
  union all select 'order ' || o.legacy_id || ' ' || m.legacy_id || ' ' || o.total
    from orders o join migration.id_map m on m.uuid = o.customer and m.entity = 'customer' order by 1`;
const inSource = `select 'company ' || id || ' ' || name || ' ' || coalesce(owner::text, '-') as row from companies
  union all select 'user ' || id || ' ' || full_name || ' ' || lower(email) || ' ' || coalesce(company::text, '-')
    from customers
  union all select 'order ' || id || ' ' || customer || ' ' || total from orders order by 1`;

async function expectEqual({ source, target }: SyncedPair): Promise<void> {
  const wanted = await rowsOf(source.url, inSource);
  expect(wanted.length).toBeGreaterThan(0);
  expect(await rowsOf(target.url, inOldIds)).toEqual(wanted);
  const workspace = contextOf(source.url, target.url, { data });
  expect((await dataDiff(workspace, { from: 'source', to: 'target' })).isSame).toBe(true);
}

const uuidOf = async ({ target }: SyncedPair, id: number) =>
  (
    await rowsOf(
      target.url,
      `select uuid from migration.id_map where entity = 'customer' and legacy_id = ${id}`,
    )
  )[0];

const batched = ways.slice(-1).map((way) => ({ ...way, name: `${way.name}, in batches of 1`, batch: 1 }));
const inputOf = (way: object) => ('batch' in way ? { batch: Number(way.batch) } : {});

test.each([...ways, ...batched])('new, changed and deleted rows, a cycle of new rows: $name', async (way) => {
  await withSynced({ ...shop, way, input: inputOf(way) }, async (pair) => {
    await rowsOf(
      pair.source.url,
      `begin; insert into companies values (3, 'Newco', 12); insert into customers values (12, 'Cid', 'CID@x.org', 3);
       commit; insert into orders values (102, 12, 7); update customers set company = 3, full_name = 'Bo' where id = 11;
       delete from orders where id = 100; update orders set customer = 12 where id = 101`,
    );
    const before = await uuidOf(pair, 11);
    expect(listChanges(await pair.sync())).toEqual({
      'public.companies': '1/0/0',
      'public.users': '1/1/0',
      'public.orders': '1/1/1',
    });
    await expectEqual(pair);
    expect(await uuidOf(pair, 11)).toEqual(before);
    expect(listChanges(await pair.sync())).toEqual({});
  });
});

test.each([...ways.slice(-1), ...batched])(
  'rows without an old id stay, and a deleted row that comes back keeps its id: $name',
  async (way) => {
    await withSynced({ ...shop, way, input: inputOf(way) }, async (pair) => {
      const own = '00000000-0000-0000-0000-0000000000ff';
      await rowsOf(
        pair.target.url,
        `insert into users values ('${own}', 'Own', 'o@x.org', null);
      insert into orders (customer, total) values ('${own}', 9)`,
      );
      await rowsOf(pair.source.url, 'delete from orders where id = 101; delete from customers where id = 11');
      const id = await uuidOf(pair, 11);
      await pair.sync({ force: true });
      await expectEqual(pair);
      await rowsOf(pair.source.url, `insert into customers values (11, 'Bob', 'bob@x.org', 2)`);
      expect(listChanges(await pair.sync())).toEqual({ 'public.users': '1/0/0' });
      await expectEqual(pair);
      expect(await rowsOf(pair.target.url, `select id as uuid from users where email = 'bob@x.org'`)).toEqual(
        [id],
      );
      expect(
        await rowsOf(pair.target.url, `select total from orders where customer = '${own}'`),
      ).toHaveLength(1);
      expect(await rowsOf(pair.target.url, `select name from users where id = '${own}'`)).toHaveLength(1);
    });
  },
);

test('a first sync into empty tables allots every id', async () => {
  const empty = `${modern}; truncate companies, users, orders, migration.id_map`;
  await withSynced({ ...shop, target: empty }, async (pair) => {
    await pair.sync();
    await expectEqual(pair);
    expect(await rowsOf(pair.target.url, 'select from migration.id_map')).toHaveLength(4);
  });
});

test('new rows with a column for the old id, that refer to each other', async () => {
  const given = {
    source: `create table nodes (id int primary key, up int references nodes);
      insert into nodes values (1, null), (2, 1), (3, 2); update nodes set up = 3 where id = 1`,
    target: `create table nodes (id bigint generated always as identity primary key, old int unique,
      up bigint references nodes)`,
    data: { tables: { nodes: { ids: { column: 'old' } } } },
  };
  await withSynced(given, async (pair) => {
    await rowsOf(pair.target.url, 'insert into nodes (up) values (null), (null)');
    await pair.sync();
    const links = 'select n.old, u.old as up from nodes n join nodes u on u.id = n.up order by 1';
    expect(await rowsOf(pair.target.url, links)).toEqual([
      { old: 1, up: 3 },
      { old: 2, up: 1 },
      { old: 3, up: 2 },
    ]);
    expect(listChanges(await pair.sync())).toEqual({});
    expect(await rowsOf(pair.target.url, 'select from nodes where old is null')).toHaveLength(2);
  });
});

test('a key that refers to rows with new ids, and numbers from a sequence', async () => {
  const given = {
    source: `create table orders (id int primary key, note text);
      create table lines (order_id int references orders, line int, amount int, primary key (order_id, line));
      insert into orders values (7, 'a'), (8, 'b'); insert into lines values (7, 1, 10), (7, 2, 20), (8, 1, 30)`,
    target: `create table orders (id bigserial primary key, note text);
      create table id_map (old int primary key, new bigint unique);
      create table lines (order_id bigint references orders, line int, amount int, primary key (order_id, line));
      insert into orders values (1000, 'own'); insert into lines values (1000, 1, 99);
      select setval('orders_id_seq', 2000)`,
    data: { tables: { orders: { ids: { table: 'id_map', old: 'old', new: 'new' } } } },
  };
  await withSynced(given, async (pair) => {
    await pair.sync();
    const all = `select m.old, l.line, l.amount from lines l left join id_map m on m.new = l.order_id order by 1, 2`;
    expect(await rowsOf(pair.target.url, all)).toEqual([
      { old: 7, line: 1, amount: 10 },
      { old: 7, line: 2, amount: 20 },
      { old: 8, line: 1, amount: 30 },
      { old: null, line: 1, amount: 99 },
    ]);
    expect(await rowsOf(pair.target.url, 'select min(new)::int as low from id_map')).toEqual([{ low: 2001 }]);
    await rowsOf(pair.source.url, 'delete from lines where order_id = 7; update lines set amount = 31');
    expect(listChanges(await pair.sync({ force: true }))).toEqual({ 'public.lines': '0/1/2' });
    expect(await rowsOf(pair.target.url, 'select from lines where order_id = 1000')).toHaveLength(1);
  });
});

test('data:undo takes such a run back', async () => {
  await withSynced(shop, async (pair) => {
    await rowsOf(
      pair.source.url,
      `insert into customers values (12, 'Cid', 'cid@x.org', 2);
      update customers set company = 1 where id = 11; delete from orders where id = 100`,
    );
    const rows =
      'select o.* from orders o union all select null, null, u.id, null from users u order by 1, 3';
    const before = await rowsOf(pair.target.url, rows);
    const root = mkdtempSync(join(tmpdir(), 'pgmage-undo-'));
    try {
      await using workspace = contextOf(pair.source.url, pair.target.url, { data, root });
      const { run } = await dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
      expect(await rowsOf(pair.target.url, rows)).not.toEqual(before);
      await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
      expect(await rowsOf(pair.target.url, rows)).toEqual(before);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

test('a role that may not write the mapping is refused before anything is written; one that may is enough', async () => {
  await withSynced(shop, async (pair) => {
    await rowsOf(pair.source.url, `insert into customers values (12, 'Cid', 'cid@x.org', 2)`);
    const role = `mapper_${Date.now()}`;
    await rowsOf(
      pair.target.url,
      `create role ${role} login password 'p';
      grant usage on schema migration, public to ${role}; grant select on migration.id_map to ${role};
      grant select, insert, update, delete on companies, users, orders to ${role};
      grant usage, select on all sequences in schema public to ${role};
      create schema if not exists pgmage; grant usage, create on schema pgmage to ${role}`,
    );
    try {
      const url = new URL(pair.target.url);
      [url.username, url.password] = [role, 'p'];
      const workspace = contextOf(pair.source.url, url.href, { data });
      const sync = () => dataSync(workspace, { from: 'source', to: 'target', yes: true }, undefined);
      const problem = await failure(sync());
      expect(problem.code).toBe('sync_refused');
      expect(problem.message).toContain('migration.id_map: the role of the target may not INSERT new ids');
      await rowsOf(pair.target.url, `grant insert on migration.id_map to ${role}`);
      expect(listChanges(await sync())).toEqual({ 'public.users': '1/0/0' });
    } finally {
      await rowsOf(pair.target.url, `drop owned by ${role}; drop role ${role}`);
    }
    await expectEqual(pair);
  });
});

test('a reference to a row that has no new id is refused, and nothing is changed', async () => {
  await withSynced(shop, async (pair) => {
    await rowsOf(
      pair.source.url,
      `insert into companies values (3, 'Newco', null);
      insert into customers values (12, 'Cid', 'cid@x.org', 3)`,
    );
    const problem = await failure(pair.sync({ tables: ['customers'] }));
    expect(problem.code).toBe('sync_refused');
    expect(problem.message).toContain(
      '1 row that refers by company to rows of public.companies that have no new id',
    );
    expect(await rowsOf(pair.target.url, 'select from migration.id_map')).toHaveLength(4);
  });
});

test.each(['uuid-ossp', 'pgcrypto'])(
  'derived ids by %s: new rows, references, and rows that go',
  async (by) => {
    const namespace = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    const derived = (old: string) => `uuid_generate_v5('${namespace}', ${old}::text)`;
    const given = {
      source: `create extension "${by}"; create table tags (id int primary key, name text, of int references tags);
      create table uses (tag int references tags, place text, primary key (tag, place));
      insert into tags values (1, 'a', null), (2, 'b', 1); insert into uses values (1, 'x'), (2, 'y')`,
      target: `create extension "uuid-ossp"; create table tags (id uuid primary key, name text, of uuid references tags);
      create table uses (tag uuid references tags, place text, primary key (tag, place))`,
      data: { tables: { tags: { ids: { derive: 'uuid_v5' as const, namespace } } } },
    };
    await withSynced(given, async ({ source, target, sync }) => {
      expect(listChanges(await sync())).toEqual({ 'public.tags': '2/0/0', 'public.uses': '2/0/0' });
      await rowsOf(
        source.url,
        `insert into tags values (3, 'c', 2); update tags set name = 'B' where id = 2;
       delete from uses where tag = 1; insert into uses values (3, 'z')`,
      );
      expect(listChanges(await sync())).toEqual({ 'public.tags': '1/1/0', 'public.uses': '1/0/1' });
      expect(listChanges(await sync())).toEqual({});
      const wanted = [1, 2, 3].map(
        (id) => `select ${derived(String(id))} as id, ${id === 1 ? 'null' : derived(String(id - 1))} as of`,
      );
      const all = `select (select json_agg(t order by id) from (select id, of from tags) t) as tags`;
      const same = `select (select json_agg(t order by id) from (${wanted.join(' union all ')}) t) as tags`;
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(target.url, same));
      expect(await rowsOf(target.url, `select from uses where tag = ${derived('3')}`)).toHaveLength(1);
    });
  },
);
