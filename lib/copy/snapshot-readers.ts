// Several sessions that see one state of a source.
import { buildTableLocks, listHeldTables, lockViews } from '../flow/tables.ts';
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';

const begin = `begin isolation level repeatable read read only; set local lock_timeout = '10s'`;

/**
 * Works while a source is seen in one state, and its tables are kept as they are.
 * @param open opens another session, which is closed in the end
 * @param count how many others
 * @param views whether materialized views are kept as they are, too; not where a program reads the source beside: it would
 * stand in line behind whoever waits to refresh one
 * @throws Problem of the sessions, of the work
 */
export async function withSnapshotReaders<T>(
  source: ServerConnection,
  open: () => Promise<ServerConnection>,
  count: number,
  work: (others: readonly ServerConnection[]) => Promise<T>,
  views = true,
): Promise<T> {
  // The snapshot is taken by what comes behind the locks: no query is before them, also none that pins settings.
  const locks = buildTableLocks(await transaction(source, () => listHeldTables(source)));
  const settings = `${readingSettings}; ${tablesAlone}`;
  const others: ServerConnection[] = [];
  try {
    return await transaction(
      source,
      async () => {
        const [row] = await source.rows<{ id: string }>('select pg_catalog.pg_export_snapshot() as id');
        const see = `set transaction snapshot ${literal(row?.id ?? '')}`;
        while (others.length < count) {
          const other = await open();
          others.push(other);
          // Each has the locks itself: nobody stands in line for one then whom it would have to wait for.
          await other.execute(`${begin}; ${see}; ${locks}; ${settings}`);
        }
        if (views) await lockViews([source, ...others]);
        return await work(others);
      },
      `${begin}; ${locks}; ${settings}`,
    );
  } finally {
    await Promise.all(others.map((other) => other.close()));
  }
}
