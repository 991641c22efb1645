// The undo files of runs: damaged ones are refused, old ones go, and rows that sessions changed since stay.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataHistory } from '../../lib/commands/data-history.ts';
import { type DataSyncInput, dataSync } from '../../lib/commands/data-sync.ts';
import { dataUndo } from '../../lib/commands/data-undo.ts';
import { pruneUndo } from '../../lib/data-sync/undo-file.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { contextOf } from '../copy/cloning.ts';
import { newest, withPair } from '../copy/ways.ts';
import { failure } from '../failure.ts';
import { type Database, rowsOf } from '../servers/databases.ts';

interface Scene {
  readonly source: Database;
  readonly target: Database;
  readonly workspace: Workspace;
  /** The folder of the undo files. */
  readonly folder: string;
  sync(input?: DataSyncInput): Promise<string>;
  undo(run: string): ReturnType<typeof dataUndo>;
}

/** Lends two databases with the same rows, in a project of its own. */
async function withScene(sql: string, use: (scene: Scene) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-undo-'));
  try {
    await withPair(newest, newest, async (source, target) => {
      for (const { url } of [source, target]) await rowsOf(url, sql);
      await using workspace = contextOf(source.url, target.url, { root });
      await use({
        source,
        target,
        workspace,
        folder: join(root, '.pgmage', 'data-runs'),
        sync: async (input = {}) => {
          const options = { from: 'source', to: 'target', yes: true, force: true, ...input };
          return (await dataSync(workspace, options, undefined)).run?.id ?? '';
        },
        undo: (run) => dataUndo(workspace, run, { env: 'target', yes: true }, undefined),
      });
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const hundred = `create table t (id int primary key, v text);
  insert into t select n, 'row ' || n from generate_series(1, 100) n`;
const all = 'select * from t order by id';

test('a damaged or truncated undo file is refused, and nothing is changed', async () => {
  await withScene(hundred, async ({ source, target, folder, sync, undo }) => {
    await rowsOf(source.url, `update t set v = 'changed'; delete from t where id > 90`);
    const before = await rowsOf(target.url, all);
    const run = await sync();
    const after = await rowsOf(target.url, all);
    const file = join(folder, `${run}.undo`);
    const whole = readFileSync(file);
    const cut = [0, 1, 10, whole.length / 2, whole.length - 9, whole.length - 8, whole.length - 1];
    const flipped = (at: number) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      return bytes;
    };
    const damaged = [
      ...cut.map((length) => whole.subarray(0, Math.floor(length))),
      ...[2, 12, whole.length / 3, whole.length - 6, whole.length - 2].map((at) => flipped(Math.floor(at))),
      Buffer.concat([whole, Buffer.from('more')]),
      Buffer.from('no file of pgmage'),
    ];
    for (const bytes of damaged) {
      writeFileSync(file, bytes);
      const problem = await failure(undo(run));
      expect(problem).toMatchObject({ code: 'undo_damaged', data: { file } });
      expect(problem.hint).toBeTruthy();
      expect(await rowsOf(target.url, all)).toEqual(after);
    }
    rmSync(file);
    expect(await failure(undo(run))).toMatchObject({ code: 'missing_file' });
    mkdirSync(file);
    expect(await failure(undo(run))).toMatchObject({ code: 'undo_damaged', data: { file } });
    rmSync(file, { recursive: true });
    writeFileSync(file, whole);
    await undo(run);
    expect(await rowsOf(target.url, all)).toEqual(before);
  });
});

test('each row that a session changed after the run stays as that left it', async () => {
  await withScene(hundred, async ({ source, target, sync, undo }) => {
    await rowsOf(
      source.url,
      `update t set v = 'new' where id <= 4; delete from t where id in (11, 12); insert into t values (201, 'x'),
        (202, 'x'), (203, 'x')`,
    );
    const run = await sync();
    await rowsOf(
      target.url,
      `update t set v = 'mine' where id = 1; delete from t where id = 2; insert into t values (11, 'mine');
       update t set v = 'mine' where id = 201; delete from t where id = 202;
       update t set v = 'twice' where id = 3; update t set v = 'new' where id = 3`,
    );
    const undone = await undo(run);
    const some = `select id, v from t where id in (1, 2, 3, 4, 11, 12, 201, 202, 203) order by id`;
    expect(await rowsOf(target.url, some)).toEqual([
      { id: 1, v: 'mine' },
      // As the run left it, whoever wrote it.
      { id: 3, v: 'row 3' },
      { id: 4, v: 'row 4' },
      { id: 11, v: 'mine' },
      { id: 12, v: 'row 12' },
      { id: 201, v: 'mine' },
    ]);
    expect(undone.tables).toMatchObject([{ inserted: 1, updated: 2, deleted: 1, skipped: 5 }]);
  });
});

test('a new row that others refer to meanwhile, and a table that is another one, are named', async () => {
  const sql = `${hundred}; create table c (id int primary key, t int references t)`;
  await withScene(sql, async ({ source, target, sync, undo }) => {
    await rowsOf(source.url, `insert into t values (201, 'x')`);
    const run = await sync({ tables: ['t'] });
    await rowsOf(target.url, 'insert into c values (1, 201)');
    const problem = await failure(undo(run));
    expect(problem.message).toContain('c_t_fkey');
    expect(problem.hint).toBeTruthy();
    expect(await rowsOf(target.url, 'select from t where id = 201')).toHaveLength(1);
    await rowsOf(target.url, 'drop table c; alter table t add more int');
    expect(await failure(undo(run))).toMatchObject({ code: 'no_run' });
    await rowsOf(target.url, 'drop table t');
    expect((await failure(undo(run))).message).toContain('public.t');
  });
});

test('an undo can be taken back, too', async () => {
  await withScene(hundred, async ({ source, target, sync, undo }) => {
    await rowsOf(
      source.url,
      `update t set v = 'new' where id <= 4; delete from t where id = 11; insert into t values (0, 'x')`,
    );
    const run = await sync();
    const after = await rowsOf(target.url, all);
    const { id } = await undo(run);
    await undo(id);
    expect(await rowsOf(target.url, all)).toEqual(after);
  });
});

test('the undo files of the last seven runs stay', async () => {
  await withScene(hundred, async ({ source, folder, workspace, sync, undo }) => {
    const runs: string[] = [];
    for (let at = 1; at <= 9; at++) {
      await rowsOf(source.url, `update t set v = 'run ${at}' where id = ${at}`);
      runs.push(await sync());
    }
    expect(readdirSync(folder).sort()).toEqual(
      runs
        .slice(2)
        .map((run) => `${run}.undo`)
        .sort(),
    );
    const history = await dataHistory(workspace, { env: 'target' });
    expect(history.runs.filter(({ canUndo }) => canUndo).map(({ id }) => id)).toEqual(
      runs.slice(2).reverse(),
    );
    expect(await failure(undo(runs[0] ?? ''))).toMatchObject({ code: 'missing_file' });
    expect((await undo(runs[2] ?? '')).tables).toMatchObject([{ updated: 1 }]);
  });
});

function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-undo-'));
  return use(folder).finally(() => rmSync(folder, { recursive: true }));
}

// A file with a hole takes no room.
function file(folder: string, name: string, age: number, size: number): void {
  writeFileSync(join(folder, name), '');
  truncateSync(join(folder, name), size);
  utimesSync(join(folder, name), 1e9 - age, 1e9 - age);
}

test('undo files take at most 1 GB, but for the newest one', async () => {
  await withFolder(async (folder) => {
    for (let age = 0; age < 4; age++) file(folder, `${age}.undo`, age, 400 * 2 ** 20);
    await pruneUndo(folder);
    expect(readdirSync(folder).sort()).toEqual(['0.undo', '1.undo']);
    file(folder, 'newer.undo', -1, 3 * 2 ** 30);
    file(folder, 'other', 9, 1);
    await pruneUndo(folder);
    expect(readdirSync(folder).sort()).toEqual(['newer.undo', 'other']);
  });
});

test('runs that end at the same time remove the same files', async () => {
  await withFolder(async (folder) => {
    for (let age = 0; age < 300; age++) file(folder, `${age}.undo`, age, 1);
    await Promise.all(Array.from({ length: 8 }, () => pruneUndo(folder)));
    expect(readdirSync(folder)).toHaveLength(7);
  });
});
