// A run that locks the tables of its target before it compares them: no other session changes rows meanwhile.
import { withLockRetry } from '../ledger/lock-retry.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { openServer } from '../project/source.ts';
import { changeSettings } from './apply.ts';
import { listPairs } from './comparison.ts';
import type { RunMeans } from './finish.ts';
import type { TablePair, UniqueShape } from './shape.ts';
import { lockIn } from './transaction.ts';

/**
 * Runs work in a transaction of the session that has locked the target's tables: others read them, and wait
 * to write. SHARE ROW EXCLUSIVE is the weakest lock that keeps writers out and that one session holds at a
 * time (manual: "Table-Level Locks"). Where a unique index shows only then that rows exchange values, all of
 * it is done again.
 * @throws Problem `lock_unavailable`, `permission_denied`; of the work
 */
export async function withTablesLocked<T>(
  session: ServerConnection,
  means: RunMeans,
  work: (means: RunMeans) => Promise<T>,
): Promise<T> {
  const { workspace, ends, input } = means;
  const pairs = await listPairs(workspace, ends, input);
  const names = new Set(pairs.map(({ to }) => to.table.name));
  const stubborn = new Map<string, readonly UniqueShape[]>();
  const outcomes = await openServer(ends.to);
  try {
    for (;;) {
      const known = countOf(stubborn);
      try {
        await lockTables(session, means, pairs);
        return await transaction(
          session,
          () => work({ ...means, locked: { names, stubborn, outcomes } }),
          'select',
          means.mark,
        );
      } catch (thrown) {
        if (countOf(stubborn) === known) throw thrown;
      }
    }
  } finally {
    await outcomes.close();
  }
}

const countOf = (uniques: ReadonlyMap<string, readonly UniqueShape[]>) => [...uniques.values()].flat().length;

async function lockTables(
  session: ServerConnection,
  { workspace, ends }: RunMeans,
  pairs: readonly TablePair[],
): Promise<void> {
  const lock = lockIn(workspace, session, ends.to);
  const tables = pairs.map(({ to: { table } }) => `${table.isPartitioned ? '' : 'only '}${table.name}`);
  const all = tables.length === 0 ? '' : `lock table ${tables.join(', ')} in share row exclusive mode`;
  const begin = `begin isolation level read committed read write; ${readingSettings};
    ${changeSettings(lock.lockTimeout)}; ${all}`;
  await withLockRetry(lock, async () => {
    try {
      await session.execute(begin);
    } catch (thrown) {
      await session.execute('rollback').catch(() => undefined);
      throw thrown;
    }
  });
}
