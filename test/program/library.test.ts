// Programs do with data what the tasks do: the same options, the same reports, and Problems.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  backup,
  backups,
  type ClonePlan,
  clone,
  dataAnalyze,
  dataDiff,
  dataHistory,
  dataSync,
  dataUndo,
  dataVerify,
  docs,
  generate,
  lint,
  Problem,
  planMarkdown,
  planSync,
  pruneBackups,
  pull,
  type RowSyncPlan,
  restore,
  restoreScript,
  rollback,
  type SyncPlan,
  sync,
  syncPlan,
  types,
  verify,
  verifyBackups,
} from '../../lib/index.ts';
import { failure } from '../failure.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

test('clone, backup, backups, verifyBackups, restore, restoreScript, pruneBackups', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      const cwd = mkdtempSync(join(tmpdir(), 'pgmage-library-'));
      writeFileSync(join(cwd, 'package.json'), '{}');
      writeFileSync(join(cwd, '.env.staging'), `DATABASE_URL=${target.url}`);
      const world = { cwd, variables: { DATABASE_URL: source.url } };
      await rowsOf(source.url, 'create table t (id int); insert into t values (1), (2), (3)');
      const way = { ...world, from: 'local', to: 'staging' };
      const refused = await failure(clone(way));
      expect([refused instanceof Problem, refused.code]).toEqual([true, 'confirmation_needed']);
      let shown: ClonePlan | undefined;
      const declined = await clone({
        ...way,
        ask: async (plan) => {
          shown = plan;
          return false;
        },
      });
      expect([declined.done, shown?.target.name]).toEqual([null, 'staging']);
      expect((await clone({ ...way, yes: true })).done?.tables).toEqual([{ name: 'public.t', rows: 3 }]);
      const said: string[] = [];
      const made = await backup({ ...world, format: 'native', progress: (line) => void said.push(line) });
      expect([made.rows, made.retries, said.length > 0]).toEqual([3, [], true]);
      expect((await backups(world)).backups.map(({ file }) => file)).toEqual([made.file]);
      const { backups: verified } = await verifyBackups({ ...world, file: made.file, drill: true });
      expect(verified[0]?.verified?.how).toBe('drill');
      const into = { ...world, file: made.file, to: 'staging' };
      expect((await failure(restore({ ...into, yes: true }))).code).toBe('data_loss_refused');
      expect((await restore({ ...into, yes: true, force: true })).proof?.rows).toBe(3);
      expect((await pruneBackups(world)).kept).toHaveLength(1);
      writeFileSync(join(cwd, 'rows.sql'), 'insert into t values (4)');
      const rows = { ...world, file: 'rows.sql', to: 'staging', append: true, yes: true };
      expect((await restoreScript(rows)).loaded?.statements).toBe(1);
      expect(await rowsOf(target.url, 'select count(*)::int as rows from t')).toEqual([{ rows: 4 }]);
      rmSync(cwd, { recursive: true });
    }),
  );
});

test('dataDiff, dataVerify', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      const cwd = mkdtempSync(join(tmpdir(), 'pgmage-library-'));
      writeFileSync(
        join(cwd, 'pgmage.config.ts'),
        `export default { environments: { legacy: '${source.url}', prod: '${target.url}' }, data: {` +
          ` from: 'legacy', to: 'prod' } };`,
      );
      for (const { url } of [source, target])
        await rowsOf(url, 'create table t (id int primary key, a text)');
      await rowsOf(source.url, `insert into t values (1, 'x'), (2, 'y')`);
      await rowsOf(target.url, `insert into t values (1, 'x'), (3, 'z')`);
      const world = { cwd, variables: {} };
      const report = await dataDiff({ ...world, rows: true });
      expect(report.tables).toMatchObject([{ missing: 1, changed: 0, extra: 1, same: 1 }]);
      expect((await dataVerify(world)).isSame).toBe(false);
      const none = await failure(dataDiff({ ...world, tables: ['nothing'] }));
      expect(none.code).toBe('bad_option');
      rmSync(cwd, { recursive: true });
    }),
  );
});

test('dataSync, dataHistory, dataUndo, dataAnalyze', async () => {
  const server = anyServer();
  await withDatabase(server, (source) =>
    withDatabase(server, async (target) => {
      const cwd = mkdtempSync(join(tmpdir(), 'pgmage-library-'));
      writeFileSync(join(cwd, '.env.legacy'), `DATABASE_URL=${source.url}`);
      writeFileSync(join(cwd, '.env.staging'), `DATABASE_URL=${target.url}`);
      writeFileSync(join(cwd, 'copy.sql'), 'insert into t select * from legacy.t on conflict do nothing');
      for (const { url } of [source, target])
        await rowsOf(url, 'create table t (id int primary key, a text)');
      await rowsOf(source.url, `insert into t values (1, 'x'), (2, 'y')`);
      const world = { cwd, variables: {} };
      const way = { ...world, from: 'legacy', to: 'staging' };
      let shown: RowSyncPlan | undefined;
      const declined = await dataSync({
        ...way,
        ask: async (plan) => {
          shown = plan;
          return false;
        },
      });
      expect([declined.run, shown?.tables[0]?.inserts]).toEqual([null, 2]);
      const said: string[] = [];
      const { run } = await dataSync({ ...way, yes: true, progress: (line) => void said.push(line) });
      expect(run).toMatchObject({ inserted: 2, updated: 0, deleted: 0, batches: null });
      const env = { ...world, env: 'staging' };
      expect((await dataHistory(env)).runs).toMatchObject([{ id: run?.id, canUndo: true }]);
      const undone = await dataUndo({ ...env, run: run?.id ?? '', yes: true });
      expect(undone.tables).toMatchObject([{ name: 'public.t', deleted: 2 }]);
      expect(await rowsOf(target.url, 'select from t')).toEqual([]);
      expect((await dataAnalyze({ ...world, paths: ['copy.sql'] })).scripts).toMatchObject([
        { verdict: 'reusable' },
      ]);
      expect((await failure(dataUndo({ ...env, run: 'none', yes: true }))).code).toBe('no_run');
      rmSync(cwd, { recursive: true });
    }),
  );
});

test('generate, sync, rollback, verify, pull', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'pgmage-library-'));
    writeFileSync(join(cwd, 'package.json'), '{}');
    writeFileSync(join(cwd, 'schema.sql'), 'create table t (a int);');
    writeFileSync(join(cwd, 'pgmage.config.mjs'), 'export default { shadowSuperuser: true };');
    // A shadow on a server is made sooner than one in the process.
    const world = { cwd, variables: { DATABASE_URL: url }, shadow: anyServer().url() };
    const { written } = await generate({ ...world, name: 'first' });
    expect(written).toMatchObject([{ name: expect.stringMatching(/_first$/), down: { is: 'exact' } }]);
    expect((await verify(world)).sound).toBe(false);
    expect((await failure(sync(world))).code).toBe('confirmation_needed');
    let shown: SyncPlan | undefined;
    const declined = await sync({
      ...world,
      ask: async (plan) => {
        shown = plan;
        return false;
      },
    });
    expect([declined.applied, shown?.pending.length]).toEqual([null, 1]);
    expect((await sync({ ...world, yes: true })).applied).toEqual(written.map(({ name }) => name));
    expect((await verify(world)).sound).toBe(true);
    expect((await pull({ ...world, out: 'pulled.sql' })).objects).toBe(1);
    expect((await rollback({ ...world, yes: true, force: true })).done).toBe(true);
    expect(await rowsOf(url, `select to_regclass('t')::text as t`)).toEqual([{ t: null }]);
    rmSync(cwd, { recursive: true });
  });
});

test('lint, planSync, planMarkdown, syncPlan, docs, types', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const cwd = mkdtempSync(join(tmpdir(), 'pgmage-library-'));
    writeFileSync(join(cwd, 'package.json'), '{}');
    const want = (sql: string) => writeFileSync(join(cwd, 'schema.sql'), sql);
    want('create table users (id bigint primary key, about json);');
    const world = { cwd, variables: { DATABASE_URL: url } };
    expect((await lint(world)).findings.map(({ rule }) => rule)).toEqual(['no_json']);
    const report = await planSync({ ...world, env: 'local', out: 'plan.json' });
    expect(report.migrations.map(({ isNew }) => isNew)).toEqual([true]);
    const digest = report.out?.digest ?? '';
    expect(await planMarkdown(report)).toContain(digest);
    const approved = { ...world, env: 'local', plan: 'plan.json' };
    expect((await failure(syncPlan({ ...approved, digest }))).code).toBe('confirmation_needed');
    expect(
      (await failure(syncPlan({ ...approved, digest: '0'.repeat(digest.length), yes: true }))).code,
    ).toBe('bad_plan');
    let shown: SyncPlan | undefined;
    const ask = async (plan: SyncPlan) => {
      shown = plan;
      return true;
    };
    const { applied } = await syncPlan({ ...approved, digest, ask });
    expect([applied?.length, shown?.approved?.digest]).toEqual([1, digest]);
    // A job that runs again finds its plan applied.
    expect((await syncPlan({ ...approved, yes: true })).applied).toEqual([]);
    expect(await docs(world)).toMatchObject({ relations: 1, upToDate: true });
    const typed = { ...world, out: 'types.ts' };
    expect((await types(typed)).changed?.file).toBe('types.ts');
    want('create table users (id bigint primary key);');
    expect((await types({ ...typed, check: true })).upToDate).toBe(false);
    expect((await docs({ ...world, check: true })).upToDate).toBe(false);
    rmSync(cwd, { recursive: true });
  });
});
