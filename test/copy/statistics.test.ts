// A database whose content was replaced has statistics for the planner.
import { expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { restore } from '../../lib/commands/restore.ts';
import { backupProject } from '../backup/scene.ts';
import { withTarget } from '../backup/script-scene.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { query } from '../servers/server.ts';
import { cloned, contextOf } from './cloning.ts';

vi.setConfig({ testTimeout: 60_000 });

const server = anyServer();
const schema = `create table t (id int primary key, n int) partition by range (id);
  create table t1 partition of t for values from (0) to (5000);
  insert into t select i, i % 7 from generate_series(1, 1000) i`;
const known = `select tablename from pg_stats where schemaname = 'public' and attname = 'n' order by 1`;
const both = [{ tablename: 't' }, { tablename: 't1' }];

test.each([{}, { swap: true, dropOld: true }, { dataOnly: true }])('by db:clone %j', async (input) => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await query(source.url, schema);
      if ('dataOnly' in input) await query(target.url, schema);
      await cloned(contextOf(source.url, target.url), input);
      expect(await rowsOf(target.url, known)).toEqual(both);
    }),
  );
});

test('by db:restore', async () => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await query(source.url, schema);
      const own = backupProject({ prod: source.url, copy: target.url });
      const { file } = await backup(own.context, { engine: 'native' });
      await restore(own.context, file, { to: 'copy', yes: true, force: true }, undefined);
      expect(await rowsOf(target.url, known)).toEqual(both);
      own.drop();
    }),
  );
});

const analyzed = `select relname::text as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and reltuples >= 0 order by 1`;

test('only of the tables that db:clone --data-only --tables has filled', async () => {
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      await query(source.url, schema);
      const other = 'create table "Other" (n int); insert into "Other" select generate_series(1, 1000)';
      await query(target.url, `${schema}; ${other}`);
      await cloned(contextOf(source.url, target.url), { dataOnly: true, tables: ['public.t1'] });
      expect(await rowsOf(target.url, analyzed)).toEqual([{ name: 't' }, { name: 't1' }]);
    }),
  );
});

test('only of the tables that a script has changed, with --append', async () => {
  await withTarget(server, async (_, url, load) => {
    await query(url, 'create table big as select generate_series(1, 1000) as n');
    const path = `select pg_catalog.set_config('search_path', '', false)`;
    const own = 'create table public."New" (n int); create temp table passing as select 1;';
    await load(`${path}; ${own} insert into public."New" values (1);`, { append: true });
    expect(await rowsOf(url, analyzed)).toEqual([{ name: 'New' }]);
  });
});
