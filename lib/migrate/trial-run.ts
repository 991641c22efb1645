// Migrations tried out where nothing can be broken: up and back in the shadow, and what came of it.
import { kinds } from '../kinds/index.ts';
import { type Catalog, markComplete } from '../model/catalog.ts';
import { diff, isEmpty } from '../model/diff.ts';
import type { Connection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import type { ReadShadow } from '../project/external.ts';
import {
  inShadow,
  makeReader,
  parseFiles,
  readState,
  runInOrder,
  wantsCommit,
} from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { isAlike, type TrialStart } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';

/** A migration to be tried. */
export interface TrialMigration {
  readonly up: TextFile;
  /** The way back; or how to make one between two states; null: there is none. */
  readonly down: TextFile | null | ((from: Catalog, to: Catalog) => TextFile | null);
  /** True if the schema after it is not needed: the previous one is used. */
  readonly unread?: boolean;
}

/** The result of a way down: the reason of its failure; or null, if it leads back exactly. */
export interface TrialReturn {
  readonly down: TextFile | null;
  readonly failure: string | null;
}

/** The result of a trial run. */
export interface TrialRun {
  /** The start of the run. */
  readonly start: TrialStart;
  /** The schema before the first, and after each. */
  readonly states: readonly Catalog[];
  /** The ways back. Where one fails, those before it were not reached. */
  readonly returns: readonly TrialReturn[];
}

/**
 * Applies migrations after a start, then takes them back from the last to the first.
 * @param starts the first that leads where it has to is taken; the last one has to do
 * @throws Problem of the last start and of a way up, with its place in the file
 */
export async function runTrial(
  workspace: Workspace,
  starts: readonly [...TrialStart[], TrialStart],
  ways: readonly TrialMigration[],
): Promise<TrialRun> {
  for (const start of starts.slice(0, -1)) {
    const tried = await rehearsed(workspace, start, ways).catch((thrown: unknown) => {
      if (isRefusal(thrown)) return null;
      throw thrown;
    });
    if (tried !== null) return tried;
  }
  return (await rehearsed(workspace, starts.at(-1) as TrialStart, ways)) as TrialRun;
}

// null: the start does not lead where it has to.
async function rehearsed(
  workspace: Workspace,
  start: TrialStart,
  ways: readonly TrialMigration[],
): Promise<TrialRun | null> {
  const files = await parseFiles(ways.map(({ up }) => up));
  const read = await makeReader(workspace, start);
  return inShadow(workspace, start, files, async (connection, committed) => {
    const look = async () => markComplete(await seen(connection, committed, read));
    const first = await look();
    if (start.reaches && !isAlike(first, start.reaches)) return null;
    const states = [first];
    for (const [at, file] of files.entries()) {
      await runInOrder(connection, [file], committed);
      states.push(ways[at]?.unread ? (states.at(-1) as Catalog) : await look());
    }
    const returns: TrialReturn[] = ways.map(() => ({
      down: null,
      failure: 'the migration after it cannot be undone',
    }));
    for (let at = ways.length - 1; at >= 0; at--) {
      const to = states[at] as Catalog;
      const tried = await back(ways[at] as TrialMigration, states[at + 1] as Catalog, to, async (down) => {
        await runInOrder(connection, await parseFiles([down]), committed);
        return diff(await look(), to, kinds);
      });
      if ('thrown' in tried) {
        if (!committed && wantsCommit(tried.thrown)) throw tried.thrown;
        returns[at] = { down: null, failure: tried.thrown.message };
      } else returns[at] = tried;
      if (returns[at]?.failure !== null) break;
    }
    return { start, states, returns };
  });
}

async function back(
  { down }: TrialMigration,
  from: Catalog,
  to: Catalog,
  attempt: (down: TextFile) => Promise<ReturnType<typeof diff>>,
): Promise<TrialReturn | { readonly thrown: Problem }> {
  try {
    const file = typeof down === 'function' ? down(from, to) : down;
    if (file === null) return { down: null, failure: 'it has no way down' };
    const left = await attempt(file);
    if (isEmpty(left)) return { down: file, failure: null };
    const ids = [...left.added, ...left.removed, ...left.changed.map((one) => one.to)].map(({ id }) => id);
    return { down: file, failure: `it does not restore ${ids.join(', ')}` };
  } catch (thrown) {
    if (isRefusal(thrown) || (thrown instanceof Problem && thrown.code === 'plan_cycle')) return { thrown };
    throw thrown;
  }
}

function isRefusal(thrown: unknown): thrown is Problem {
  return thrown instanceof Problem && 'sqlstate' in thrown.data;
}

async function seen(connection: Connection, committed: boolean, read: ReadShadow): Promise<Catalog> {
  if (committed) return snapshot(connection, read);
  // Going back to it, settings are again as they were.
  await connection.execute('savepoint look');
  const catalog = await readState(connection, read);
  await connection.execute('rollback to look; release look');
  return catalog;
}
