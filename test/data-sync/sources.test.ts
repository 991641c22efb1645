// Databases that are hard to read: few rights, hidden rows, a pooler, a standby, other sessions at work, wide
// rows, big values.
import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, oldest, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { installedServers } from '../servers/binaries.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { pgbouncer, startPooler } from '../servers/pooler.ts';
import { query, startServer } from '../servers/server.ts';
import { startStandby } from '../servers/standby.ts';
import { thorough } from '../thorough.ts';
import { compared, listCounts, listNotes } from './comparing.ts';

const ends = { from: 'source', to: 'target' };
const many = `create table t (id int primary key, a text); insert into t select n, 'x' from generate_series(1,
  4000) n;
  create table u (a text); insert into u select n::text from generate_series(1, 4000) n`;
const changes = `update t set a = 'y' where id in (5, 3999); delete from u where a = '7'`;

test('roles that may only read the source, and only read and write rows of the target', async () => {
  const role = `rows_${process.pid}`;
  await query(newest.socket(), `create role ${role} login password 'rows'`);
  try {
    await withPair(newest, newest, async (source, target) => {
      await rowsOf(
        source.url,
        `${many}; ${changes}; create table closed (id int); create table hidden (id int primary key);
        grant select on t, u, hidden to ${role}; alter table hidden enable row level security`,
      );
      await rowsOf(
        target.url,
        `${many}; create table closed (id int); create table hidden (id int primary key);
        revoke temporary on database ${target.name} from public; grant select, insert, update, delete on t, u,
        hidden to ${role}`,
      );
      const as = (url: string) => url.replace(/\/\/postgres:[^@]*@/, `//${role}:rows@`);
      const report = await dataDiff(contextOf(as(source.url), as(target.url)), { ...ends, rows: true });
      expect(listCounts(report)).toEqual({ 'public.t': '0/2/0', 'public.u': '0/0/1' });
      expect(listNotes(report)).toEqual([
        'refused public.closed: the role of the source may not read it',
        'refused public.hidden: row security hides rows from the role of the source',
      ]);
      expect(report.isSame).toBe(false);
    });
  } finally {
    await query(newest.socket(), `drop owned by ${role}; drop role ${role}`);
  }
});

test('through a pooler that lends sessions to transactions, which keeps its sessions as they were', async () => {
  if (pgbouncer === null) {
    process.stdout.write('NOT RUN: pgbouncer is not installed\n');
    return;
  }
  const pooler = await startPooler(newest, 'transaction', 8);
  try {
    await withPair(newest, newest, async (source, target) => {
      await rowsOf(source.url, `${many}; ${changes}`);
      await rowsOf(target.url, many);
      const workspace = contextOf(pooler.url(source.name), pooler.url(target.name));
      const report = await dataDiff(workspace, { ...ends, jobs: 3, rows: true });
      expect(listCounts(report)).toEqual({ 'public.t': '0/2/0', 'public.u': '0/0/1' });
      const shown = `select current_setting('search_path') as path, current_setting('row_security') as rows,
        current_setting('datestyle') as dates`;
      const usual = await rowsOf(source.url, shown);
      for (let again = 0; again < 4; again++)
        expect(await rowsOf(pooler.url(source.name), shown)).toEqual(usual);
    });
  } finally {
    await pooler.stop();
  }
});

const programs = installedServers()[0];

test('a standby as source, without the rows of its unlogged tables', async () => {
  if (programs === undefined) {
    process.stdout.write('NOT RUN: a standby, for want of an installed server with pg_basebackup\n');
    return;
  }
  const primary = await startServer(programs);
  try {
    await query(primary.url(), `${many}; create unlogged table fast (id int); ${changes}`);
    const standby = await startStandby(primary, programs);
    try {
      await withDatabase(newest, async (target) => {
        await rowsOf(target.url, `${many}; create table fast (id int)`);
        const report = await dataDiff(contextOf(standby.url(), target.url), { ...ends, jobs: 2 });
        expect(listCounts(report)).toEqual({ 'public.t': '0/2/0', 'public.u': '0/0/1' });
        expect(listNotes(report)).toEqual([
          'skipped public.fast: the source is a standby, which does not have the rows of an unlogged table',
        ]);
      });
    } finally {
      await standby.stop();
    }
  } finally {
    await primary.stop();
  }
});

test('all sessions see one state of a source that is written to', async () => {
  await withPair(newest, newest, async (source, target) => {
    // Rows move from one table to another, so that both together always have a thousand.
    const tables = Array.from({ length: 6 }, (_, at) => `create table m${at} (id int primary key)`).join(';');
    await rowsOf(source.url, `${tables}; insert into m0 select generate_series(1, 1000)`);
    await rowsOf(target.url, tables);
    const writer = new pg.Client(source.url);
    await writer.connect();
    let isDone = false;
    const writing = (async () => {
      for (let at = 0; !isDone; at++) {
        const [from, to] = [at % 6, (at + 1) % 6];
        await writer.query(
          `with gone as (delete from m${from} where id % 3 <> ${at % 3} returning id) insert into m${to}
            select id from gone`,
        );
      }
    })();
    try {
      for (let round = 0; round < 5; round++) {
        const report = await dataDiff(contextOf(source.url, target.url), { ...ends, jobs: 4 });
        expect(report.tables.reduce((sum, { missing }) => sum + missing, 0)).toBe(1000);
      }
    } finally {
      isDone = true;
      await writing;
      await writer.end();
    }
  });
});

test('1,600 columns', async () => {
  const columns = Array.from({ length: 1599 }, (_, at) => `c${at} int2`).join(', ');
  const report = await compared({
    way: { from: oldest, to: newest },
    both: `create table wide (id int primary key, ${columns}); insert into wide (id, c0, c1598) select n, n, n
      from generate_series(1, 20) n`,
    source: 'update wide set c1598 = 0 where id = 3',
    target: 'delete from wide where id = 5',
    input: { columns: true, rows: true },
  });
  expect(report.tables).toMatchObject([{ missing: 1, changed: 1, extra: 0, columns: { c1598: 1 } }]);
});

// Written and read several times on both sides: 300 MB where there is time for it.
const size = (thorough ? 300 : 30) * 2 ** 20;

test('a value of hundreds of MB is compared by its server, and shown by its beginning', async () => {
  const before = process.memoryUsage().rss;
  const report = await compared({
    both: 'create table big (id int primary key, a bytea, b text); alter table big alter a set storage external',
    source: `insert into big values (1, convert_to(repeat('x', ${size}) || 'y', 'SQL_ASCII'), 'x'), (2, null,
      repeat('y', 1000000))`,
    target: `insert into big values (1, convert_to(repeat('x', ${size}) || 'z', 'SQL_ASCII'), 'x'), (2, null,
      repeat('y', 1000000))`,
    input: { columns: true, rows: true },
  });
  expect(report.tables).toMatchObject([{ missing: 0, changed: 1, extra: 0, columns: { a: 1 } }]);
  expect(report.tables[0]?.details?.[0]?.new?.a).toMatch(/^\\x(78){999}…$/);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20);
});

test('rows on disk have no name, so that nothing is left of them however the process ends', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-spool-'));
  try {
    await withPair(newest, newest, async (source, target) => {
      await rowsOf(source.url, `${many}; ${changes}`);
      await rowsOf(target.url, many);
      const seen: string[] = [];
      const looking = setInterval(() => {
        for (const fd of readdirSync('/proc/self/fd')) {
          try {
            const path = readlinkSync(`/proc/self/fd/${fd}`);
            if (path.startsWith(root)) seen.push(path);
          } catch {
            // It was closed meanwhile.
          }
        }
      }, 1);
      await dataDiff(contextOf(source.url, target.url, { root }), { ...ends, rows: true });
      clearInterval(looking);
      expect(seen.some((path) => path.endsWith(' (deleted)'))).toBe(true);
      expect(readdirSync(join(root, '.pgmage'))).toEqual([]);
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('a table whose index calls a function of another role is refused', async () => {
  const role = `mallory_${process.pid}`;
  await query(newest.socket(), `create role ${role}`);
  try {
    await withPair(newest, newest, async (source, target) => {
      for (const { url } of [source, target])
        await rowsOf(
          url,
          'create table fine (id int primary key); create table t (id int primary key) partition by range (id); create table t1 partition of t default',
        );
      await rowsOf(
        source.url,
        `grant create on schema public to ${role}; alter table t1 owner to ${role}; set role ${role};
         create function f(int) returns int language plpgsql immutable as 'begin return $1; end';
         create index i on t1 ((f(1) + id)); reset role`,
      );
      const report = await dataDiff(contextOf(source.url, target.url), ends);
      expect(report.tables.map(({ name }) => name)).toEqual(['public.fine']);
      expect(report.notes).toMatchObject([{ verdict: 'refused', what: 'public.t', forbids: 'comparing' }]);
      expect(report.notes[0]?.reason).toContain(`of ${role}, which would run with your rights in the source`);
    });
  } finally {
    await query(newest.socket(), `drop role ${role}`);
  }
});

test('a check of a partition calls nothing of its owner while rows are read', async () => {
  await withPair(newest, newest, async (source, target) => {
    for (const { url, name } of [source, target])
      await rowsOf(
        url,
        `create function called(int) returns int language plpgsql immutable as
           $$begin if current_setting('own.armed', true) = 'on' then raise 'called'; end if; return $1; end$$;
         create table p (id int primary key, a text) partition by range (id);
         create table p1 partition of p (check (called(1) = 1 and id > 0)) default;
         insert into p select n, 'x' from generate_series(1, 4000) n; alter database ${name} set own.armed
         = 'on'`,
      );
    await rowsOf(source.url, `set own.armed = ''; update p set a = 'y' where id = 5`);
    const armed = await failure(
      rowsOf(source.url, 'select from p where id between 4 and 7').catch((thrown: Error) => {
        throw thrown;
      }),
    ).catch((thrown: Error) => thrown);
    expect(String(armed)).toContain('called');
    const report = await dataDiff(contextOf(source.url, target.url), { ...ends, rows: true });
    expect(listCounts(report)).toEqual({ 'public.p': '0/1/0' });
  });
});
