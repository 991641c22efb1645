// data:sync --batch: many transactions. Each leaves a consistent target, a checkpoint and a way back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { type DataSyncInput, dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { dataSyncText } from '../../lib/report/data-sync.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, oldest, ways, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { type Database, rowsOf } from '../servers/databases.ts';
import { withScenarios } from './scenarios/campaign.ts';
import { findSyncFaults } from './scenarios/syncing.ts';
import { listChanges, withSynced } from './syncing.ts';

const paper = { width: 80, colour: false, now: new Date('2026-11-29T12:00:00Z') };

interface Scene {
  readonly source: Database;
  readonly target: Database;
  sync(input?: DataSyncInput): ReturnType<typeof dataSync>;
  undo(run: string): ReturnType<typeof dataUndo>;
  history(): ReturnType<typeof dataHistory>;
}

/** Two databases and a project whose files last. */
async function inProject(
  tables: string,
  use: (scene: Scene) => Promise<void>,
  { from, to } = { from: newest, to: newest },
): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-batch-'));
  try {
    await withPair(from, to, async (source, target) => {
      await rowsOf(source.url, tables);
      await rowsOf(target.url, tables);
      await using workspace = contextOf(source.url, target.url, { root });
      await use({
        source,
        target,
        sync: (input = {}) =>
          dataSync(workspace, { from: 'source', to: 'target', yes: true, ...input }, undefined),
        undo: (run) => dataUndo(workspace, run, { env: 'target', yes: true }, undefined),
        history: () => dataHistory(workspace, { env: 'target' }),
      });
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const batchesOf = (url: string) =>
  rowsOf<{ outcome: string; inserted: number; deleted: number }>(
    url,
    `select outcome, inserted::int, deleted::int from pgmage.data_runs order by entry`,
  );

test.each([
  { first: 1, batch: 7, from: newest, to: oldest },
  { first: 41, batch: 40, from: newest, to: newest },
])('seeds $first to 9 later in batches of $batch: equal, equal rows untouched', async (given) => {
  const { first, batch, from, to } = given;
  const seeds = Array.from({ length: 10 }, (_, at) => first + at);
  const found = await withScenarios(from, to, seeds, (staged) =>
    findSyncFaults(staged, { input: { batch }, undo: true }),
  );
  expect(found).toEqual([]);
});

test.each(ways)('each batch is recorded with its rows, and the run is taken back: $name', async (way) => {
  const tables = `create table p (id int primary key, name text);
    create table c (id int primary key, p int not null references p on delete cascade)`;
  await inProject(
    tables,
    async ({ source, target, sync, undo, history }) => {
      const all = `select (select json_agg(p order by id) from p) p, (select json_agg(c order by id) from c) c`;
      await rowsOf(
        target.url,
        `insert into p values (1, 'old'), (-1, 'gone'); insert into c values (1, -1), (2, 1)`,
      );
      await rowsOf(
        source.url,
        `insert into p select n, 'p' || n from generate_series(1, 250) n;
       insert into c select n, n from generate_series(1, 250) n`,
      );
      const before = await rowsOf(target.url, all);
      const report = await sync({ batch: 100, force: true });
      expect(listChanges(report)).toEqual({ 'public.p': '249/1/1', 'public.c': '248/2/0' });
      expect(report.run).toMatchObject({ batches: 6, skipped: 0, resumes: null, validation: 'full' });
      expect(dataSyncText(report, paper)).toContain(`Run ${report.run?.id}, 6 batches, `);
      expect(await rowsOf(target.url, all)).toEqual(await rowsOf(source.url, all));
      expect((await batchesOf(target.url)).map(({ outcome, inserted }) => [outcome, inserted])).toEqual([
        ['begun', 0],
        ['batch', expect.any(Number)],
        ['batch', expect.any(Number)],
        ['batch', expect.any(Number)],
        ['batch', expect.any(Number)],
        ['batch', expect.any(Number)],
        ['batch', 497],
        ['done', 497],
      ]);
      expect((await history()).runs).toMatchObject([{ outcome: 'done', mode: 'batch 100', canUndo: true }]);
      await undo(report.run?.id ?? '');
      expect(await rowsOf(target.url, all)).toEqual(before);
    },
    way,
  );
});

test('a run that stops leaves whole batches; --resume goes on, and both are taken back in order', async () => {
  const tables = `create table t (id int primary key, v text);
    insert into t select n, 'x' from generate_series(1, 100) n`;
  await inProject(tables, async ({ source, target, sync, undo, history }) => {
    await rowsOf(source.url, `insert into t select n, 'new' from generate_series(101, 400) n`);
    await rowsOf(target.url, 'alter table t add check (id <> 350)');
    const problem = await failure(sync({ batch: 100 }));
    expect(problem).toMatchObject({ code: 'batches_stopped', data: { batches: 2, rows: 200 } });
    expect(problem.message).toContain('stopped after 2 batches with 200 rows, which stay');
    const [stopped] = (await history()).runs;
    expect(stopped).toMatchObject({ outcome: 'failed', inserted: 200, canUndo: true });
    const count = 'select count(*)::int as n from t';
    expect(await rowsOf(target.url, count)).toEqual([{ n: 300 }]);
    await rowsOf(target.url, 'alter table t drop constraint t_id_check');
    const report = await sync({ batch: 100, resume: true });
    expect(report.run).toMatchObject({
      inserted: 100,
      batches: 1,
      resumes: { id: stopped?.id, batches: 2, inserted: 200 },
    });
    expect(dataSyncText(report, paper)).toContain('2 batches before it, 200 inserted');
    expect(await rowsOf(target.url, 'select * from t order by id')).toEqual(
      await rowsOf(source.url, 'select * from t order by id'),
    );
    const early = await failure(undo(stopped?.id ?? ''));
    expect(early).toMatchObject({ code: 'no_run' });
    expect(early.message).toContain(`run ${report.run?.id} went on after it`);
    await undo(report.run?.id ?? '');
    await undo(stopped?.id ?? '');
    expect(await rowsOf(target.url, count)).toEqual([{ n: 100 }]);
    // Nothing of it is left to go on with.
    expect((await sync({ batch: 300, resume: true })).run).toMatchObject({ inserted: 300, resumes: null });
  });
});

test('the limit of deletions is judged once for the whole run', async () => {
  const tables = `create table t (id int primary key); insert into t select generate_series(1, 1000)`;
  await inProject(tables, async ({ source, target, sync }) => {
    await rowsOf(source.url, 'delete from t where id > 300');
    await expect(sync({ batch: 50 })).rejects.toMatchObject({ code: 'too_many_deletions' });
    expect(await rowsOf(target.url, 'select count(*)::int as n from t')).toEqual([{ n: 1000 }]);
    await rowsOf(target.url, 'create table k (t int references t); insert into k values (900)');
    const input = { batch: 50, exclude: ['k'] };
    const problem = await failure(sync({ ...input, maxDeletes: '700' }));
    expect(problem.code).toBe('batches_stopped');
    expect(problem.message).toContain('foreign key');
    const [{ n } = { n: 0 }] = await rowsOf<{ n: number }>(target.url, 'select count(*)::int as n from t');
    expect(n).toBeLessThan(1000);
    expect(n).toBeGreaterThan(300);
    await rowsOf(target.url, 'drop table k');
    // Without the run before, the rest alone is more than 10 %.
    await expect(sync({ batch: 50 })).rejects.toMatchObject({ code: 'too_many_deletions' });
    const { run } = await sync({ batch: 50, resume: true });
    expect(run).toMatchObject({ deleted: n - 300, resumes: { deleted: 1000 - n } });
  });
});

test.each([1, 3, 1000])(
  'what rows of different batches need of one another, in batches of %i',
  async (batch) => {
    const both = `create table tree (id int primary key, up int references tree on delete cascade);
    create table a (id int primary key, b int);
    create table b (id int primary key, a int not null references a);
    alter table a add foreign key (b) references b;
    create table u (id int primary key, v text unique, w int not null unique);
    create collation if not exists loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create table k (id text collate loose primary key, v int);
    create table kc (id int primary key, k text collate loose references k);
    create table n (v int);
    insert into u select g, 'v' || g, g from generate_series(1, 6) g;
    insert into k values ('a', 1), ('b', 2); insert into kc values (1, 'a'), (2, 'b');
    insert into n values (1), (1), (2)`;
    const source = `insert into tree values (1, null), (2, 1), (3, 2); update tree set up = 3 where id = 1;
    begin; insert into a values (1, null), (2, null); insert into b values (1, 1), (2, 2); update a set b = id; commit;
    update u set v = 'swap' where id = 1; update u set v = 'v1' where id = 6; update u set v = 'v6' where id = 1;
    update u set w = -w; update u set w = 7 + w; delete from u where id = 3; insert into u values (30, 'v3', 99);
    update kc set k = null; update k set id = upper(id); update kc set k = chr(64 + id);
    insert into n values (1), (3), (3)`;
    const target = `insert into tree select g, nullif(g - 1, 9) from generate_series(10, 16) g`;
    await withSynced({ both, source, target, input: { batch, force: true } }, async (pair) => {
      const { run } = await pair.sync();
      expect(run).toMatchObject({ skipped: 0, sideEffects: [] });
      if (batch === 1) expect(run?.batches).toBeGreaterThan(5);
      const all = ['tree', 'a', 'b', 'u', 'kc', 'n']
        .map((name) => `(select json_agg(t order by t) from ${name} t) as ${name}`)
        .concat(`(select json_agg(t order by v) from k t) as k`);
      const state = `select ${all.join(', ')}`;
      expect(await rowsOf(pair.target.url, state)).toEqual(await rowsOf(pair.source.url, state));
      expect(listChanges(await pair.sync())).toEqual({});
    });
  },
);

test('100,000 rows in batches of 10,000', { timeout: 120_000 }, async () => {
  const tables = `create table p (id int primary key, name text);
    create table c (id int primary key, p int not null references p, at timestamptz)`;
  await inProject(tables, async ({ source, target, sync }) => {
    await rowsOf(
      source.url,
      `insert into p select n, 'name ' || n from generate_series(1, 40000) n;
       insert into c select n, n % 40000 + 1, '2026-11-29' from generate_series(1, 60000) n; analyze`,
    );
    const { run } = await sync({ batch: 10_000 });
    expect(run).toMatchObject({ inserted: 100_000, batches: 10, skipped: 0 });
    const sums = `select (select sum(hashtext(p::text)) from p)::text as p, (select sum(hashtext(c::text)) from c)::text as c`;
    expect(await rowsOf(target.url, sums)).toEqual(await rowsOf(source.url, sums));
  });
});

test.each([
  [{ batch: 0 }, '--batch'],
  [{ batch: 1.5 }, '--batch'],
  [{ resume: true }, '--resume'],
])('the options %j are refused', async (input, option) => {
  await using workspace = contextOf('postgres://a@127.0.0.1:1/a', 'postgres://a@127.0.0.1:1/b');
  const problem = await failure(dataSync(workspace, { from: 'source', to: 'target', ...input }, undefined));
  expect(problem).toMatchObject({ code: 'bad_option', data: { option } });
});

test('an interrupt says which batches stay, and how to go on or back', async () => {
  await inProject('create table t (id int primary key)', async ({ source, target }) => {
    await rowsOf(source.url, 'insert into t select generate_series(1, 30)');
    await using workspace = contextOf(source.url, target.url);
    const undos = new Set<() => Promise<unknown>>();
    const said: unknown[] = [];
    const world = {
      ...workspace.world,
      onInterrupt: (undo: () => Promise<unknown>) => {
        undos.add(undo);
        return () => undos.delete(undo);
      },
      // Before each commit: the second one belongs to the second batch.
      beforeCommit: async () => {
        for (const undo of [...undos].slice(-1)) said.push(await undo());
      },
    };
    const input = { from: 'source', to: 'target', yes: true, batch: 10 };
    const { run } = await dataSync({ ...workspace, world }, input, undefined);
    const way = `Run data:sync with --batch and --resume to go on, or data:undo ${run?.id.slice(0, 8)} to take`;
    expect(said[0]).toBe('');
    expect(said[1]).toBe(`At least 1 batch with 10 rows stay in target. ${way} the batches back.`);
    expect(undos.size).toBe(0);
  });
});
