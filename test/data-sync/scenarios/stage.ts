// One seed whose sync something happens to: its source, copies of its target, and the state that these are in
// afterwards.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withSpools } from '../../../lib/data-sync/spool.ts';
import { readUndo, undoFileOf, undoFolder } from '../../../lib/data-sync/undo-file.ts';
import { type Database, freshDatabase, rowsOf } from '../../servers/databases.ts';
import type { Server } from '../../servers/server.ts';
import { loadScenarios } from './campaign.ts';
import { readRows } from './oracle.ts';
import { factDifferences, schemaFacts } from './schema-facts.ts';
import { type StagedTable, stagedTables } from './syncing.ts';

/** The state of a target after a trial, and what is wrong about it. */
export interface StageState {
  readonly is: 'unchanged' | 'complete' | 'WRONG';
  readonly wrong: readonly string[];
}

/** A seed in two databases. */
export interface Stage {
  readonly seed: number;
  readonly server: Server;
  readonly source: Database;
  readonly tables: readonly StagedTable[];
  /** True if the rows of both sides differ. */
  readonly differs: boolean;
  /** The rows that are wanted, by table. */
  readonly wanted: readonly string[][];
  /** Makes a target as it is before. */
  target(): Promise<Database>;
  /** @param root the folder of the project that the run was in */
  stateOf(target: Database, root: string): Promise<StageState>;
  drop(): Promise<void>;
}

/** Loads a seed. */
export async function stageSeed(server: Server, seed: number): Promise<Stage> {
  const [source, template] = [await freshDatabase(server), await freshDatabase(server)];
  const tables = stagedTables(await loadScenarios(source.url, template.url, [seed]));
  const list = tables.map(({ of }) => of);
  const wanted = await readRows(source.url, list, true);
  const before = await readRows(template.url, list, false);
  const schema = await schemaFacts(template.url);
  const is = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  return {
    ...{ seed, server, source, tables, wanted },
    differs: !is(wanted, before),
    target: () => freshDatabase(server, template.name),
    async stateOf(target, root) {
      await quiet(server, target);
      const now = await readRows(target.url, list, false);
      const runs = await changingRuns(target);
      const isComplete = is(now, wanted) && (runs.length > 0 || is(now, before));
      const isUnchanged = is(now, before) && runs.length === 0;
      const wrong = [
        ...(isComplete || isUnchanged ? [] : [`rows are neither as before nor as wanted, runs: ${runs}`]),
        ...(runs.length > 1 ? [`${runs.length} runs have changed rows`] : []),
        ...factDifferences(schema, await schemaFacts(target.url)),
        ...(await filesFaults(root, runs)),
      ];
      return { is: wrong.length > 0 ? 'WRONG' : isUnchanged ? 'unchanged' : 'complete', wrong };
    },
    drop: async () => {
      await source.drop();
      await template.drop();
    },
  };
}

// The server notices that its client is gone when it wants to read from it.
async function quiet(server: Server, { name }: Database): Promise<void> {
  const others = `select pid from pg_stat_activity where datname = '${name}' and backend_type = 'client backend'`;
  for (let waited = 0; waited < 20_000; waited += 20) {
    if ((await rowsOf(server.socket(), others)).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`sessions of ${name} do not end`);
}

// The runs that changed rows, by the record of the target.
async function changingRuns({ url }: Database): Promise<string[]> {
  const there = `select to_regclass('pgmage.data_runs') is not null as is`;
  const [record] = await rowsOf<{ is: boolean }>(url, there);
  if (!record?.is) return [];
  const changing = `outcome = 'done' and inserted + updated + deleted > 0`;
  const rows = await rowsOf<{ id: string }>(url, `select id from pgmage.data_runs where ${changing}`);
  return rows.map(({ id }) => id);
}

// No rows of a run stay on disk; a run that is done can be taken back.
async function filesFaults(root: string, runs: readonly string[]): Promise<string[]> {
  const folder = join(root, '.pgmage');
  const left = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('rows-')) : [];
  const faults = left.map((name) => `${name} is left`);
  for (const run of runs)
    await withSpools(folder, (spool) => readUndo(undoFileOf(undoFolder(root), run), spool)).catch(
      (thrown: Error) => faults.push(`run ${run} is done: ${thrown.message}`),
    );
  return faults;
}
