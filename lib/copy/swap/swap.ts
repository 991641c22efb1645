// A clone into a database of its own, beside the target: filled by several sessions, compared, and only then
// given the target's name.
import { type CommitMark, describeOutcome, readOutcome } from '../../pg/commit-outcome.ts';
import type { ServerConnection } from '../../pg/connection.ts';
import { transaction } from '../../pg/transaction.ts';
import { replaceDatabase } from '../../pg/url.ts';
import { Problem, toProblem } from '../../problem/problem.ts';
import { markCommit } from '../../project/late-commit.ts';
import { openWatched, type Reachable, readDatabaseName } from '../../project/source.ts';
import type { World } from '../../project/world.ts';
import { beginReplacing } from '../clear-target.ts';
import { readCopySet } from '../copy-set.ts';
import { type CopyReport, verifyCopy } from '../in-place.ts';
import { loadInParallel } from '../parallel-load.ts';
import type { CopyEnds } from '../preflight.ts';
import type { CopySelection } from '../selection.ts';
import { withSnapshotReaders } from '../snapshot-readers.ts';
import { collectStatistics } from '../statistics.ts';
import {
  copySettings,
  createSwapDatabase,
  dropKept,
  dropLeftovers,
  dropSwapDatabase,
  findKeptName,
  makeSwapName,
  openKeeper,
  readDatabaseOid,
} from './databases.ts';
import { swapNames } from './names.ts';
import type { SwapPlan } from './preflight.ts';

/** The result of a swap. */
export interface Swapped {
  /** The new name of the old database; null: it was dropped. */
  readonly kept: string | null;
  /** Databases that had been kept, and were dropped. */
  readonly dropped: readonly string[];
  /** Sessions of others that were ended. */
  readonly ended: number;
}

/** The ends and the options of a swap. */
export interface SwapWork {
  readonly ends: CopyEnds;
  readonly source: Reachable;
  readonly target: Reachable;
  readonly wish: CopySelection;
  readonly plan: SwapPlan;
}

/**
 * Clones into a new database and swaps it with the target, whose session is then closed. On a failure the
 * target is unchanged, and the new database is dropped.
 * @throws Problem `not_as_source`; of the connections
 */
export async function swap(world: World, work: SwapWork): Promise<{ done: CopyReport; swapped: Swapped }> {
  const { ends, target } = work;
  const { session, close } = sessions();
  const name = await readDatabaseName(ends.to.connection);
  const keeper = await openKeeper(ends.to.connection, (database) => session(target, database));
  const where = await readDatabaseName(keeper);
  const again = () => session(target, where);
  const making: Making = {};
  // Once: an interrupt makes the work fail, too.
  let undoing: Promise<string | undefined> | undefined;
  const undo = () => {
    undoing ??= close().then(() => undoSwap(work, name, making, again));
    return undoing;
  };
  const forget = world.onInterrupt?.(() => {
    making.isInterrupted = true;
    return undo();
  });
  try {
    const sibling = await makeSibling(world, keeper, name, making);
    const done = await filled(world, work, sibling, session);
    const swapped = await exchange(world, work, { name, sibling, keeper, where, making, again });
    making.isSwapped = true;
    return { done, swapped: await swapped() };
  } catch (thrown) {
    const state = await undo().catch(() => {
      // Its server cannot be reached; it can when this is tried again.
      if (making.sibling !== undefined)
        world.progress(`${making.sibling} may remain: the next swap on that server drops it`);
      return undefined;
    });
    const { code, data, where, cause = thrown } = toProblem(thrown);
    throw new Problem(code, data, { where, cause, state });
  } finally {
    forget?.();
    await close();
  }
}

/** The new database, while a failure or an interrupt has to drop it. */
interface Making {
  sibling?: string | undefined;
  oid?: string | undefined;
  /** Sessions in the target were ended, or may have been. */
  hasEnded?: true;
  /** It has the name of the target. */
  isSwapped?: true;
  /** Of the transaction that renames both, once it may begin. */
  mark?: CommitMark;
  /** The name that the target has after that. */
  kept?: string;
  /** The process ends soon: a COMMIT that the server still works on is not waited for. */
  isInterrupted?: true;
}

// Drops the new database, unless it has the name of the target by now. If the sessions are gone, it uses
// another one. The text says which of the two the target is.
async function undoSwap(
  { ends, plan }: SwapWork,
  name: string,
  making: Making,
  open: () => Promise<ServerConnection>,
): Promise<string | undefined> {
  const { name: shown } = ends.to.named;
  const { mark, kept = '' } = making;
  const complete = `The swap was complete: ${shown} is the copy.`;
  const remains = plan.keeps === null ? 'may be left' : 'is kept';
  const withOld = `${complete} Its old database ${remains} as ${kept}.`;
  if (making.isSwapped) return complete;
  if (making.sibling === undefined) return undefined;
  const outcome = making.isInterrupted && mark && (await readOutcome(open, mark));
  if (outcome === 'committed') return withOld;
  if (outcome === 'unknown')
    return `${describeOutcome(shown, outcome)} If there is a database ${kept}, ${shown} is the copy.`;
  const last = await open();
  try {
    // It waits for names that are being swapped, and finds nothing if they were.
    await dropSwapDatabase(last, making.sibling);
    const isSwapped = making.oid !== undefined && (await readDatabaseOid(last, name)) === making.oid;
    if (isSwapped) return withOld;
    return `${shown} is unchanged${making.hasEnded ? ', but the swap ended sessions in it' : ''}.`;
  } finally {
    await last.close();
  }
}

// Opens sessions, and closes them all.
function sessions(): { session: Session; close(): Promise<void> } {
  const open = new Set<ServerConnection>();
  return {
    session: async (of, database) => {
      const url = database === undefined ? of.url : replaceDatabase(of.url, database);
      const connection = await openWatched({ ...of, url });
      open.add(connection);
      return connection;
    },
    close: async () => {
      await Promise.all([...open].map((connection) => connection.close()));
    },
  };
}

// Makes the new database, with the settings of the target.
async function makeSibling(
  world: World,
  keeper: ServerConnection,
  name: string,
  making: Making,
): Promise<string> {
  for (const one of await dropLeftovers(keeper)) world.progress(`Dropped ${one}, which an earlier swap left`);
  const sibling = makeSwapName();
  making.sibling = sibling;
  await createSwapDatabase(keeper, sibling, name);
  making.oid = await readDatabaseOid(keeper, sibling);
  // A forbidden setting fails now, and not after all rows are copied.
  await keeper.execute('begin');
  await copySettings(keeper, name, sibling);
  await keeper.execute('rollback');
  return sibling;
}

/** The two databases on the target's server, and sessions there. */
interface SwapDatabases {
  readonly name: string;
  readonly sibling: string;
  readonly keeper: ServerConnection;
  /** The database of the keeper. */
  readonly where: string;
  readonly making: Making;
  /** Another session beside the keeper. */
  again(): Promise<ServerConnection>;
}

// Swaps the names, and gives what drops the databases that are not kept.
async function exchange(
  world: World,
  { ends, target, plan }: SwapWork,
  { name, sibling, keeper, where, making, again }: SwapDatabases,
): Promise<() => Promise<Swapped>> {
  const now = world.now();
  const { name: shown } = ends.to.named;
  const names = {
    target: name,
    sibling,
    kept: plan.keeps ?? (await findKeptName(keeper, name, now)),
    time: now.toISOString(),
    // An unanswered COMMIT is asked for: names that are swapped are not swapped a second time.
    mark: markCommit(world, { ...target, name: shown, url: replaceDatabase(target.url, where) }),
    own: ends.to.connection.backend,
    onEnding() {
      making.hasEnded = true;
    },
    ...(world.beforeCommit && { beforeCommit: world.beforeCommit }),
  };
  [making.mark, making.kept] = [names.mark, names.kept];
  const other = await again();
  world.progress(`Swapping it with ${shown}`);
  const leave = () => ends.to.connection.close();
  // The swap is committed: a database that cannot be dropped is kept, and nothing is done again.
  const drop = async () => {
    try {
      return await dropKept(await again(), name);
    } catch (thrown) {
      world.progress(`Could not drop the old databases of ${shown}: ${toProblem(thrown).message}`);
      return [];
    }
  };
  const ended = await swapNames(keeper, other, names, leave);
  return async () => {
    const dropped = plan.keeps === null ? await drop() : [];
    const kept = dropped.includes(names.kept) ? null : names.kept;
    return { kept, dropped: dropped.filter((one) => one !== names.kept), ended };
  };
}

type Session = (of: Reachable, database?: string) => Promise<ServerConnection>;

async function filled(
  world: World,
  { ends, source, target, wish, plan: { jobs } }: SwapWork,
  sibling: string,
  session: Session,
): Promise<CopyReport> {
  const from = ends.from.connection;
  return withSnapshotReaders(from, { open: () => session(source), count: jobs - 1 }, async (others) => {
    const targets = await Promise.all(Array.from({ length: jobs }, () => session(target, sibling)));
    const [to] = targets as [ServerConnection];
    const there: CopyEnds = { from: ends.from, to: { named: ends.to.named, connection: to } };
    const cargo = await readCopySet(from, wish);
    const found = await loadInParallel(world, there, { sources: [from, ...others], targets }, cargo);
    world.progress(`Comparing it with ${ends.from.named.name}`);
    const replaced = await transaction(to, () => verifyCopy(there, wish, cargo, found), beginReplacing);
    await collectStatistics(world, to, ends.to.named.name);
    await Promise.all(targets.map((one) => one.close()));
    return replaced;
  });
}
