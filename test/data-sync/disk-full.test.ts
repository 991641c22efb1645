// A disk that becomes full in the middle of a sync: that of the project, with the rows and the undo file, and
// that of the target.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataSync } from '../../lib/commands/data-sync.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import { contextOf } from '../copy/cloning.ts';
import { withPair } from '../copy/ways.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { smallDisk, smallFolder } from '../servers/small-disk.ts';
import { thorough } from '../thorough.ts';

const server = anyServer();
const values = (from: number, to: number) => `insert into t select n,
  (select string_agg(md5((n * 31 + i)::text), '') from generate_series(1, 10) i) from generate_series(${from}, ${to}) n`;
const tables = `create table t (id int primary key, v text); create index on t (left(v, 80)); ${values(1, 6_000)}`;
const grown = `update t set v = md5(v) || v where id % 3 = 0; delete from t where id % 7 = 0; ${values(6_001, 10_000)}`;
// The undo file has all rows that go.
const shrunk = `update t set v = md5(v) || v where id % 7 = 0; delete from t where id % 7 <> 0; ${values(6_001, 6_500)}`;
const rows = `select md5(string_agg(t::text, ',' order by id)) as t from t`;

interface Trial {
  readonly source: Database;
  readonly target: Database;
  readonly root: string;
  /** Called before the run; free bytes of the disk. */
  leave(bytes: number | null): void;
}

/** @returns the problem; null: the run is done */
async function tried({ source, target, root, leave }: Trial, free: number): Promise<Problem | null> {
  const [[before], [wanted]] = [await rowsOf(target.url, rows), await rowsOf(source.url, rows)];
  await using workspace = contextOf(source.url, target.url, { root });
  const options = { from: 'source', to: 'target', yes: true, force: true };
  leave(free);
  const problem = await dataSync(workspace, options, undefined).then(
    () => null,
    (thrown: Problem) => thrown,
  );
  leave(null);
  const [now] = await rowsOf(target.url, rows);
  expect(now).toEqual(problem === null ? wanted : before);
  const folder = join(root, '.pgmage');
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
  // Neither rows nor an undo file are left of a run that failed.
  expect(files.filter((name) => /rows-|\.undo$/.test(name))).toHaveLength(problem === null ? 1 : 0);
  return problem;
}

const steps = (least: number, usual: number) => (thorough ? least : usual);
const notRun = (reason: string) =>
  process.stdout.write(`0 trials: disk full: no small disk can be mounted here: ${reason}\n`);

test('the disk of the project is full', { timeout: 900_000 }, async () => {
  const disk = smallFolder(64);
  if (typeof disk === 'string') return void notRun(disk);
  const files: Record<string, number> = {};
  try {
    for (let free = 0, going = true; going; free += steps(30_000, 300_000))
      going = await withPair(server, server, async (source, target) => {
        for (const { url } of [source, target]) await rowsOf(url, tables);
        await rowsOf(source.url, shrunk);
        const problem = await tried({ source, target, root: disk.place, leave: disk.leave }, free);
        rmSync(join(disk.place, '.pgmage'), { recursive: true, force: true });
        if (problem === null) return false;
        expect(problem).toMatchObject({
          code: 'unwritable_file',
          data: { reason: expect.stringContaining('ENOSPC') },
        });
        const name = /\.undo$/.test(JSON.stringify(Object.values(problem.data)[0]).slice(0, -1))
          ? 'undo file'
          : 'rows';
        files[name] = (files[name] ?? 0) + 1;
        return true;
      });
  } finally {
    disk.unmount();
  }
  process.stdout.write(`disk of the project full: unchanged ${JSON.stringify(files)}\n`);
  expect(files.rows).toBeGreaterThan(0);
  expect(files['undo file']).toBeGreaterThan(0);
});

test('the disk of the target is full', { timeout: 900_000 }, async () => {
  const disk = await smallDisk(server.major, 64);
  if (typeof disk === 'string') return void notRun(disk);
  const root = mkdtempSync(join(tmpdir(), 'pgmage-full-'));
  let trials = 0;
  try {
    await withDatabase(server, async (source) => {
      await rowsOf(source.url, `${tables}; ${grown}`);
      for (let free = 100_000, going = true; going; free += steps(500_000, 4_000_000))
        going = await withDatabase(disk.server, async (target) => {
          await rowsOf(disk.server.socket(), `alter database ${target.name} set tablespace small`);
          await rowsOf(target.url, tables);
          const problem = await tried({ source, target, root, leave: disk.leave }, free);
          rmSync(join(root, '.pgmage'), { recursive: true, force: true });
          if (problem === null) return false;
          trials++;
          expect(JSON.stringify(problem.data)).toMatch(/"53100"|No space left on device/);
          return true;
        });
    });
  } finally {
    await disk.remove();
    rmSync(root, { recursive: true });
  }
  process.stdout.write(`${trials} trials: disk of the target full: unchanged\n`);
  expect(trials).toBeGreaterThan(1);
});
