// A clone into a database of its own, beside the target: filled by several sessions, compared, and only then
// given the target's name.
import type { ServerConnection } from '../../pg/connection.ts';
import { transaction } from '../../pg/transaction.ts';
import { replaceDatabase } from '../../pg/url.ts';
import { openWatched, type Reachable, readDatabaseName } from '../../project/source.ts';
import type { World } from '../../project/world.ts';
import { beginReplacing } from '../clear-target.ts';
import { readCopySet } from '../copy-set.ts';
import { type CopyReport, verifyCopy } from '../in-place.ts';
import { loadInParallel } from '../parallel-load.ts';
import type { CopyEnds } from '../preflight.ts';
import type { CopySelection } from '../selection.ts';
import { withSnapshotReaders } from '../snapshot-readers.ts';
import {
  copySettings,
  createSwapDatabase,
  databaseExists,
  dropKept,
  dropLeftovers,
  dropSwapDatabase,
  makeKeptName,
  makeSwapName,
  openKeeper,
  swapNames,
} from './databases.ts';
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
  const { ends, target, plan } = work;
  const open = new Set<ServerConnection>();
  const session: Session = async (of, database) => {
    const url = database === undefined ? of.url : replaceDatabase(of.url, database);
    const connection = await openWatched({ ...of, url });
    open.add(connection);
    return connection;
  };
  const close = () => Promise.all([...open].map((connection) => connection.close())).then(() => undefined);
  const name = await readDatabaseName(ends.to.connection);
  const keeper = await openKeeper(ends.to.connection, (database) => session(target, database));
  const where = await readDatabaseName(keeper);
  let sibling: string | undefined;
  // If the sessions are gone, it uses another one.
  const undo = async () => {
    await close();
    if (sibling === undefined) return;
    const last = await session(target, where);
    await dropSwapDatabase(last, sibling).finally(() => last.close());
  };
  const forget = world.onInterrupt?.(undo);
  try {
    for (const one of await dropLeftovers(keeper))
      world.progress(`Dropped ${one}, which an earlier swap left`);
    sibling = makeSwapName();
    await createSwapDatabase(keeper, sibling, name);
    // A forbidden setting fails now, and not after all rows are copied.
    await keeper.execute('begin');
    await copySettings(keeper, name, sibling);
    await keeper.execute('rollback');
    const done = await filled(world, work, sibling, session);
    const now = world.now();
    const names = {
      target: name,
      sibling,
      kept: plan.keeps ?? makeKeptName(name, now),
      time: now.toISOString(),
    };
    const other = await session(target, where);
    world.progress(`Swapping it with ${ends.to.named.name}`);
    const leave = () => ends.to.connection.close();
    const ended = await swapNames(keeper, other, names, leave).catch(async (thrown: unknown) => {
      // The answer to the commit may be lost.
      const again = await session(target, where).catch(() => Promise.reject(thrown));
      if (await databaseExists(again, names.sibling)) throw thrown;
      return 0;
    });
    sibling = undefined;
    const dropped = plan.keeps === null ? await dropKept(await session(target, where), name) : [];
    const kept = dropped.includes(names.kept) ? null : names.kept;
    return { done, swapped: { kept, dropped: dropped.filter((one) => one !== names.kept), ended } };
  } catch (thrown) {
    await undo().catch(() => {
      // Its server cannot be reached; it can when this is tried again.
      if (sibling !== undefined)
        world.progress(`${sibling} may remain: the next swap on that server drops it`);
    });
    throw thrown;
  } finally {
    forget?.();
    await close();
  }
}

type Session = (of: Reachable, database?: string) => Promise<ServerConnection>;

async function filled(
  world: World,
  { ends, source, target, wish, plan: { jobs } }: SwapWork,
  sibling: string,
  session: Session,
): Promise<CopyReport> {
  const from = ends.from.connection;
  return withSnapshotReaders(
    from,
    () => session(source),
    jobs - 1,
    async (others) => {
      const targets = await Promise.all(Array.from({ length: jobs }, () => session(target, sibling)));
      const [to] = targets as [ServerConnection];
      const there: CopyEnds = { from: ends.from, to: { named: ends.to.named, connection: to } };
      const cargo = await readCopySet(from, wish);
      const found = await loadInParallel(world, there, { sources: [from, ...others], targets }, cargo);
      world.progress(`Comparing it with ${ends.from.named.name}`);
      const replaced = await transaction(to, () => verifyCopy(there, wish, cargo, found), beginReplacing);
      await Promise.all(targets.map((one) => one.close()));
      return replaced;
    },
  );
}
