// A clone into a database of its own, beside the target: filled by several sessions, compared, and only then given the target's
// name.
import type { ServerConnection } from '../../pg/connection.ts';
import { transaction } from '../../pg/transaction.ts';
import { onDatabase } from '../../pg/url.ts';
import type { Context } from '../../project/context.ts';
import { attentive, databaseIn, type Reachable } from '../../project/source.ts';
import { beginReplacing } from '../clear-target.ts';
import { cargoOf } from '../copy-set.ts';
import { proven, type Replaced } from '../in-place.ts';
import { load } from '../parallel-load.ts';
import type { CopyEnds } from '../preflight.ts';
import type { Wish } from '../selection.ts';
import { reading } from '../snapshot-readers.ts';
import {
  dropKept,
  dropSibling,
  exchange,
  isThere,
  keeperIn,
  keptName,
  likeTarget,
  makeSibling,
  siblingName,
  sweep,
} from './databases.ts';
import type { SwapPlan } from './preflight.ts';

/** How it was done. */
export interface Swapped {
  /** What holds now what the target held; null: it was dropped. */
  readonly kept: string | null;
  /** Databases that had been kept, and were dropped. */
  readonly dropped: readonly string[];
  /** Sessions of others that were ended. */
  readonly ended: number;
}

/** What is to be done, and where. */
export interface SwapWork {
  readonly ends: CopyEnds;
  readonly source: Reachable;
  readonly target: Reachable;
  readonly wish: Wish;
  readonly plan: SwapPlan;
}

/**
 * Clones into a new database and exchanges it for the target, whose session is closed then. Whatever fails, the target is as
 * it was, and the new one is dropped.
 * @throws Problem `not_as_source`; of the connections
 */
export async function swap(context: Context, work: SwapWork): Promise<{ done: Replaced; swapped: Swapped }> {
  const { ends, target, plan } = work;
  const open = new Set<ServerConnection>();
  const session: Session = async (of, database) => {
    const url = database === undefined ? of.url : onDatabase(of.url, database);
    const connection = await attentive({ ...of, url });
    open.add(connection);
    return connection;
  };
  const close = () => Promise.all([...open].map((connection) => connection.close())).then(() => undefined);
  const name = await databaseIn(ends.to.connection);
  const keeper = await keeperIn(ends.to.connection, (database) => session(target, database));
  const where = await databaseIn(keeper);
  let sibling: string | undefined;
  // Also where the sessions are gone: by another one.
  const undo = async () => {
    await close();
    if (sibling === undefined) return;
    const last = await session(target, where);
    await dropSibling(last, sibling).finally(() => last.close());
  };
  const forget = context.onInterrupt?.(undo);
  try {
    for (const one of await sweep(keeper)) context.progress(`Dropped ${one}, which an earlier swap left`);
    sibling = siblingName();
    await makeSibling(keeper, sibling, name);
    // What may not be said of it is known at once, and not when all of the rows are there.
    await keeper.execute('begin');
    await likeTarget(keeper, name, sibling);
    await keeper.execute('rollback');
    const done = await filled(context, work, sibling, session);
    const now = context.now();
    const names = {
      target: name,
      sibling,
      kept: plan.keeps ?? keptName(name, now),
      time: now.toISOString(),
    };
    const other = await session(target, where);
    context.progress(`Swapping it with ${ends.to.named.name}`);
    const leave = () => ends.to.connection.close();
    const ended = await exchange(keeper, other, names, leave).catch(async (thrown: unknown) => {
      // Nobody may have heard of the commit.
      const again = await session(target, where).catch(() => Promise.reject(thrown));
      if (await isThere(again, names.sibling)) throw thrown;
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
        context.progress(`${sibling} may remain: the next swap on that server drops it`);
    });
    throw thrown;
  } finally {
    forget?.();
    await close();
  }
}

type Session = (of: Reachable, database?: string) => Promise<ServerConnection>;

async function filled(
  context: Context,
  { ends, source, target, wish, plan: { jobs } }: SwapWork,
  sibling: string,
  session: Session,
): Promise<Replaced> {
  const from = ends.from.connection;
  return reading(
    from,
    () => session(source),
    jobs - 1,
    async (others) => {
      const targets = await Promise.all(Array.from({ length: jobs }, () => session(target, sibling)));
      const [to] = targets as [ServerConnection];
      const there: CopyEnds = { from: ends.from, to: { named: ends.to.named, connection: to } };
      const cargo = await cargoOf(from, wish);
      const found = await load(context, there, { sources: [from, ...others], targets }, cargo);
      context.progress(`Comparing it with ${ends.from.named.name}`);
      const replaced = await transaction(to, () => proven(there, wish, cargo, found), beginReplacing);
      await Promise.all(targets.map((one) => one.close()));
      return replaced;
    },
  );
}
