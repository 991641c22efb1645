// Options of data:sync beside those of its limits: locks, the audit of rows, ids without a counterpart.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { dataSyncText } from '../../lib/report/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';
import { failure } from '../failure.ts';
import { rowsOf } from '../servers/databases.ts';
import { data, legacy, modern } from './ids-scene.ts';
import { listChanges, withSynced } from './syncing.ts';

const paper = { width: 100, colour: false, now: new Date('2026-11-29T12:00:00Z') };
const hundred = `create table t (id int primary key, v text unique);
  insert into t select n, 'v' || n from generate_series(1, 100) n; create table n (v int); insert into n values (1)`;

async function inFolder<T>(use: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-options-'));
  try {
    return await use(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('--lock keeps writers out from before the comparison to the commit, and readers in', async () => {
  // Unique values that only the failure of a statement shows: the try that failed gives its locks back.
  const both = `${hundred}; create unique index on t (lower(v))`;
  const source = `update t set v = 'x' where id = 1; update t set v = 'v1' where id = 2; update t set v = 'v2' where id = 1;
    delete from t where id = 3; insert into t values (101, 'new')`;
  await withSynced({ both, source }, async ({ source: { url }, target, sync }) => {
    const writer = new pg.Client(target.url);
    await writer.connect();
    await writer.query(`begin; update t set v = 'mine' where id = 50`);
    const syncing = sync({ lock: true });
    const waiting = () =>
      rowsOf(
        target.url,
        `select from pg_locks where mode = 'ShareRowExclusiveLock' and relation = 't'::regclass and not granted`,
      );
    await expect.poll(waiting, { timeout: 20_000 }).toHaveLength(1);
    // Not compared yet: what the writer commits is overwritten, not skipped.
    await writer.query('commit');
    const { run } = await syncing;
    expect(run).toMatchObject({ inserted: 1, updated: 3, deleted: 1, skipped: 0 });
    await writer.end();
    const rows = 'select * from t order by id';
    expect(await rowsOf(target.url, rows)).toEqual(await rowsOf(url, rows));
    const outcomes = await rowsOf<{ outcome: string }>(
      target.url,
      'select outcome from pgmage.data_runs order by entry',
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(
      ['begun', 'begun', 'done'].slice(-outcomes.length),
    );
    expect((await failure(sync({ lock: true, batch: 5 }))).data).toMatchObject({ option: '--lock' });
  });
});

test.each([undefined, 2])(
  '--audit rows and --log-level rows list what was changed, batch %s',
  async (batch) => {
    const source = `update t set v = 'tab	and "quote"' where id = 5; delete from t where id = 7;
    insert into t values (101, null); insert into n values (1), (2)`;
    await inFolder((root) =>
      withSynced({ both: hundred, source }, async ({ source: from, target: to }) => {
        await using workspace = contextOf(from.url, to.url, { root });
        const files = { log: 'sync.jsonl', logLevel: 'rows', audit: 'rows' } as const;
        const input = { from: 'source', to: 'target', yes: true, ...files, ...(batch && { batch }) };
        const { run } = await dataSync(workspace, input, undefined);
        const file = join(root, '.pgmage', 'data-runs', `${run?.id}.rows.jsonl`);
        expect(statSync(file).mode & 0o777).toBe(0o600);
        const linesOf = (path: string) =>
          readFileSync(path, 'utf8')
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line) as Record<string, unknown>);
        const rows = linesOf(file);
        expect(rows).toHaveLength(5);
        const told = rows.map(({ table, kind, key, copies, run: id }) => ({ table, kind, key, copies, id }));
        const t = { table: 'public.t', copies: 1, id: run?.id };
        expect(told).toEqual(
          expect.arrayContaining([
            { ...t, kind: 'updated', key: { id: '5' } },
            { ...t, kind: 'deleted', key: { id: '7' } },
            { ...t, kind: 'inserted', key: { id: '101' } },
            { ...t, table: 'public.n', kind: 'inserted', key: {} },
          ]),
        );
        expect(readFileSync(file, 'utf8')).not.toContain('quote');
        const log = linesOf(join(root, 'sync.jsonl'));
        expect(log.slice(0, 5)).toEqual(rows);
        expect(log[5]).toMatchObject({ run: { id: run?.id, inserted: 3 } });
        expect(log).toHaveLength(6);
        // A run that fails lists nothing.
        await rowsOf(from.url, 'delete from t where id > 1');
        await failure(dataSync(workspace, input, undefined));
        expect(
          readdirSync(join(root, '.pgmage', 'data-runs')).filter((name) => /rows/.test(name)),
        ).toHaveLength(1);
      }),
    );
  },
);

test('--log-level rows needs a log', async () => {
  await using workspace = contextOf('postgres://a@127.0.0.1:1/a', 'postgres://a@127.0.0.1:1/b');
  const input = { from: 'source', to: 'target', logLevel: 'rows' } as const;
  expect((await failure(dataSync(workspace, input, undefined))).data).toMatchObject({
    option: '--log-level',
  });
});

test('--unmapped list names rows of the target without an old id', async () => {
  const own = ['00000000-0000-0000-0000-0000000000f1', '00000000-0000-0000-0000-0000000000f2'];
  const target = `${modern}; insert into users (id, name) select id::uuid, 'own' from unnest(array['${own.join(`', '`)}']) id;
    insert into orders (customer, total) values ('${own[0]}', 9)`;
  await withSynced({ source: legacy, target, data }, async ({ sync }) => {
    const counted = await sync({ dryRun: true });
    expect(counted.tables.map(({ unmapped, unmappedIds }) => [unmapped, unmappedIds])).toEqual([
      [0, undefined],
      [2, undefined],
      [1, undefined],
    ]);
    const listed = await sync({ unmapped: 'list' });
    expect(listed.tables.find(({ name }) => name === 'public.users')?.unmappedIds?.toSorted()).toEqual(own);
    expect(dataSyncText(listed, paper)).toContain(
      'public.orders: 1 row of the target without an old id, left alone: 3',
    );
  });
});

test.each([undefined, 1])(
  `ids.gone: 'delete' deletes the mapping with its row, undo brings both back, batch %s`,
  async (batch) => {
    const map = { table: 'migration.id_map', old: 'legacy_id', new: 'uuid', gone: 'delete' } as const;
    const ids = {
      companies: { ...map, where: { entity: 'company' } },
      customers: { ...map, where: { entity: 'customer' } },
    };
    const deleting = {
      tables: {
        ...data.tables,
        companies: { ids: ids.companies },
        customers: { ...data.tables?.customers, ids: ids.customers },
      },
    };
    await inFolder((root) =>
      withSynced({ source: legacy, target: modern, data: deleting }, async ({ source: from, target: to }) => {
        await rowsOf(from.url, 'delete from orders where id = 101; delete from customers where id = 11');
        await using workspace = contextOf(from.url, to.url, { data: deleting, root });
        const state = `select (select json_agg(m order by entity, legacy_id) from migration.id_map m) as map,
        (select json_agg(u order by id) from users u) as users, (select json_agg(o order by legacy_id) from orders o) as orders`;
        const before = await rowsOf(to.url, state);
        const input = { from: 'source', to: 'target', yes: true, force: true, ...(batch && { batch }) };
        const report = await dataSync(workspace, input, undefined);
        expect(listChanges(report)).toEqual({ 'public.users': '0/0/1', 'public.orders': '0/0/1' });
        expect(report.run?.sideEffects).toEqual([]);
        const mapped = `select legacy_id::int as id from migration.id_map where entity = 'customer'`;
        expect(await rowsOf(to.url, mapped)).toEqual([{ id: 10 }]);
        await dataUndo(workspace, report.run?.id ?? '', { env: 'target', yes: true }, undefined);
        expect(await rowsOf(to.url, state)).toEqual(before);
        expect(listChanges(await dataSync(workspace, input, undefined))).toEqual(listChanges(report));
      }),
    );
  },
);

test('a role that may not make temporary tables stages rows in the schema pgmage, or is refused', async () => {
  const role = `plain_${process.pid}`;
  const both = `${hundred}; create table c (id int primary key, t int not null references t)`;
  const source = `delete from t where id = 1; update t set v = 'x' where id = 3; insert into t values (101, 'v3');
    insert into c values (1, 101), (2, 2); insert into n values (1)`;
  await inFolder((root) =>
    withSynced({ both, source }, async (pair) => {
      const { url, name } = pair.target;
      await rowsOf(
        url,
        `create role ${role} login password 'x'; grant select, insert, update, delete on t, n, c to ${role};
         revoke temporary on database ${name} from public`,
      );
      try {
        const as = new URL(url);
        [as.username, as.password] = [role, 'x'];
        await using workspace = contextOf(pair.source.url, as.href, { root });
        const sync = (batch?: number) =>
          dataSync(
            workspace,
            { from: 'source', to: 'target', yes: true, ...(batch && { batch }) },
            undefined,
          );
        expect((await failure(sync())).message).toContain('it needs TEMPORARY on the database');
        expect(await rowsOf(url, 'select from t where id = 1')).toHaveLength(1);
        await rowsOf(url, `create schema pgmage; grant usage, create on schema pgmage to ${role}`);
        const state = `select (select json_agg(t order by id) from t) t, (select json_agg(c order by id) from c) c,
          (select json_agg(v) from n) n`;
        const before = await rowsOf(url, state);
        for (const batch of [undefined, 2]) {
          const report = await sync(batch);
          expect(listChanges(report)).toEqual({
            'public.c': '2/0/0',
            'public.n': '1/0/0',
            'public.t': '1/1/1',
          });
          expect(await rowsOf(url, state)).toEqual(await rowsOf(pair.source.url, state));
          await dataUndo(workspace, report.run?.id ?? '', { env: 'target', yes: true }, undefined);
          expect(await rowsOf(url, state)).toEqual(before);
        }
        const left = `select relname from pg_class where relnamespace = 'pgmage'::regnamespace and relkind = 'r'`;
        expect(await rowsOf(url, left)).toEqual([{ relname: 'data_runs' }]);
      } finally {
        await rowsOf(url, `drop owned by ${role}; drop role ${role}`);
      }
    }),
  );
});

test('a table of 1,600 columns: inserted, updated, deleted, taken back', async () => {
  const columns = Array.from({ length: 1_599 }, (_, at) => `c${at} ${at % 3 === 0 ? 'text' : 'int'}`);
  const both = `create table wide (id int primary key, ${columns.join(', ')});
    insert into wide (id, c0, c1596, c1598) select n, 'a', E'tab\\t and "quote"', n from generate_series(1, 5) n`;
  const source = `update wide set c1596 = null, c1597 = 7 where id = 2; delete from wide where id = 3;
    insert into wide (id, c0, c1595, c1596) values (9, 'n', 5, E'a,{b}\\\\ "c"')`;
  await inFolder((root) =>
    withSynced({ both, source }, async ({ source: from, target: to }) => {
      await using workspace = contextOf(from.url, to.url, { root });
      const state = 'select id, md5(w::text) as row, c1596, c1597 from wide w order by id';
      const before = await rowsOf(to.url, state);
      const options = { from: 'source', to: 'target', yes: true, audit: 'rows' } as const;
      const report = await dataSync(workspace, { ...options, batch: 2 }, undefined);
      expect(listChanges(report)).toEqual({ 'public.wide': '1/1/1' });
      expect(await rowsOf(to.url, state)).toEqual(await rowsOf(from.url, state));
      const audit = readFileSync(join(root, '.pgmage', 'data-runs', `${report.run?.id}.rows.jsonl`), 'utf8');
      expect(audit).toContain('"kind":"updated","key":{"id":"2"}');
      await dataUndo(workspace, report.run?.id ?? '', { env: 'target', yes: true }, undefined);
      expect(await rowsOf(to.url, state)).toEqual(before);
    }),
  );
});
