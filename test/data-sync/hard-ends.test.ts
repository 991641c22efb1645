// data:sync where the source, the target or the way to them is hard: a standby, poolers, other collations,
// huge values.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, oldest, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { installedServers } from '../servers/binaries.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { pgbouncer, startPooler } from '../servers/pooler.ts';
import { query, type Server, startServer } from '../servers/server.ts';
import { startStandby } from '../servers/standby.ts';
import { thorough } from '../thorough.ts';
import { withSynced } from './syncing.ts';

const options = { from: 'source', to: 'target', yes: true };
const tables = `create table p (id serial primary key, name text); create table c (id int primary key, p int references p);
  insert into p (name) select 'p' || n from generate_series(1, 50) n; insert into c select n, n from generate_series(1, 50) n`;
const change = `insert into p (name) values ('new'); insert into c values (99, 51); update p set name = 'x' where id = 3;
  delete from c where id = 7; delete from p where id = 7`;
const state = `select (select json_agg(p order by id) from p) p, (select json_agg(c order by id) from c) c,
  (select last_value::int from p_id_seq) as seq`;

test('a standby as source', async () => {
  const programs = installedServers()[0];
  if (programs === undefined) {
    process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
    return;
  }
  const primary = await startServer(programs);
  try {
    await query(primary.url(), `${tables}; ${change}`);
    const standby = await startStandby(primary, programs);
    try {
      await withDatabase(newest, async (target) => {
        await rowsOf(target.url, tables);
        await using workspace = contextOf(standby.url(), target.url);
        const { run } = await dataSync(workspace, options, undefined);
        expect(run).toMatchObject({ inserted: 2, updated: 1, deleted: 2, skipped: 0, unrecorded: null });
        expect(await rowsOf(target.url, state)).toEqual(await rowsOf(primary.url(), state));
        await using back = contextOf(target.url, standby.url());
        const refused = await failure(dataSync(back, { ...options, force: true }, undefined));
        expect(refused.hint).toBeTruthy();
      });
    } finally {
      await standby.stop();
    }
  } finally {
    await primary.stop();
  }
});

test('poolers: the source through any, the target through one that lends whole sessions', async () => {
  if (pgbouncer === null) {
    process.stdout.write('NOT RUN: pgbouncer is not installed\n');
    return;
  }
  const [lending, keeping] = [
    await startPooler(newest, 'transaction', 8),
    await startPooler(newest, 'session', 12),
  ];
  try {
    await withPair(newest, newest, async (source, target) => {
      await rowsOf(source.url, `${tables}; ${change}`);
      await rowsOf(target.url, tables);
      const sync = async (from: string, to: string) => {
        await using workspace = contextOf(from, to);
        return dataSync(workspace, { ...options, jobs: 2 }, undefined);
      };
      const before = await rowsOf(target.url, state);
      const refused = await failure(sync(lending.url(source.name), lending.url(target.name)));
      expect(refused).toMatchObject({ code: 'transaction_pooler' });
      expect(refused.hint).toBeTruthy();
      expect(await rowsOf(target.url, state)).toEqual(before);
      const { run } = await sync(lending.url(source.name), keeping.url(target.name));
      expect(run).toMatchObject({ inserted: 2, updated: 1, deleted: 2, skipped: 0 });
      expect(await rowsOf(target.url, state)).toEqual(await rowsOf(source.url, state));
    });
  } finally {
    await Promise.all([lending.stop(), keeping.stop()]);
  }
});

/** Lends a database with its own collation. */
async function withCollated<T>(server: Server, how: string, use: (url: string) => Promise<T>): Promise<T> {
  const name = `collated_${process.pid}_${how.replace(/\W/g, '').slice(0, 30).toLowerCase()}`;
  await rowsOf(server.socket(), `create database ${name} template template0 encoding 'UTF8' ${how}`);
  try {
    return await use(server.url(name));
  } finally {
    await rowsOf(server.socket(), `drop database ${name} with (force)`);
  }
}

test('text keys in databases of other collations', async () => {
  const words = [
    'a',
    'A',
    'á',
    'b',
    'B',
    'ß',
    'ss',
    'Z',
    'zz',
    '-',
    '_',
    ' ',
    'ch',
    'cz',
    'İ',
    'i',
    'ı',
    'co-op',
    'coop',
  ];
  const rows = `(values ${words.map((word, at) => `('${word}', ${at})`).join(', ')}) w(k, n)`;
  const sql = `create table t (k text primary key, n int); insert into t select k || m, n from ${rows}, generate_series(1, 200) m;
    create table pair (k varchar(20), l char(9), n int, primary key (k, l)); insert into pair select k, m::text, n from ${rows}, generate_series(1, 9) m;
    analyze`;
  const edit = `delete from t where k like 'ß%'; update t set n = -n where k like 'İ%'; insert into t values ('ǆ', 1), ('ǅ', 2);
    delete from pair where k = 'ss'; update pair set n = -9 where k = 'ı'`;
  const icu = `locale_provider icu icu_locale 'tr-u-kn' locale 'C'`;
  await withCollated(oldest, icu, (source) =>
    withCollated(newest, `locale_provider libc locale 'C'`, async (target) => {
      await rowsOf(source, `${sql}; ${edit}`);
      await rowsOf(target, sql);
      await using workspace = contextOf(source, target);
      const { run } = await dataSync(workspace, { ...options, force: true }, undefined);
      expect(run).toMatchObject({ inserted: 2, updated: 209, deleted: 209, skipped: 0 });
      const all = `select (select json_agg(t order by k collate "C") from t) t, (select json_agg(p order by k collate "C", l) from pair p) p`;
      expect(await rowsOf(target, all)).toEqual(await rowsOf(source, all));
    }),
  );
});

// 300 MB where there is time for it.
const size = (thorough ? 300 : 30) * 2 ** 20;

test.each([undefined, 1])(
  'a value of hundreds of MB is written and taken back, batch %s',
  { timeout: 900_000 },
  async (batch) => {
    const both = `create table big (id int primary key, a bytea, n int); alter table big alter a set storage external;
    insert into big values (1, null, 1), (3, 'x', 3)`;
    const source = `update big set a = convert_to(repeat('x', ${size}), 'SQL_ASCII') where id = 1; insert into big values (2, convert_to(repeat('y', ${size}), 'SQL_ASCII'), 2)`;
    const root = mkdtempSync(join(tmpdir(), 'pgmage-big-'));
    try {
      await withSynced({ both, source }, async ({ source: from, target: to }) => {
        const state = 'select id, n, md5(a) as a from big order by id';
        const [before, wanted] = [await rowsOf(to.url, state), await rowsOf(from.url, state)];
        await using workspace = contextOf(from.url, to.url, { root });
        let most = 0;
        const rss = process.memoryUsage().rss;
        const looking = setInterval(() => {
          most = Math.max(most, process.memoryUsage().rss - rss);
        }, 20);
        const input = { ...options, audit: 'rows', ...(batch && { batch }) } as const;
        const { run } = await dataSync(workspace, input, undefined);
        expect(run).toMatchObject({ inserted: 1, updated: 1, skipped: 0 });
        expect(await rowsOf(to.url, state)).toEqual(wanted);
        // The old rows are the big ones now.
        const undone = await dataUndo(workspace, run?.id ?? '', { env: 'target', yes: true }, undefined);
        expect(await rowsOf(to.url, state)).toEqual(before);
        await dataUndo(workspace, undone.id, { env: 'target', yes: true }, undefined);
        expect(await rowsOf(to.url, state)).toEqual(wanted);
        await rowsOf(from.url, 'update big set n = 9 where id = 2');
        const more = await dataSync(workspace, input, undefined);
        clearInterval(looking);
        const audit = join(root, '.pgmage', 'data-runs', `${more.run?.id}.rows.jsonl`);
        expect(readFileSync(audit, 'utf8')).toContain('"kind":"updated","key":{"id":"2"}');
        expect(Math.round(most / 2 ** 20)).toBeLessThan(150);
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  },
);
