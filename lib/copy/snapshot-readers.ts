// Several sessions that see one state of a source.
import { buildTableLocks, listHeldTables, lockViews } from '../flow/tables.ts';
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';

const begin = `begin isolation level repeatable read read only; set local lock_timeout = '10s'`;

/**
 * Runs work while all sessions see one state of a source, and its tables are locked against changes.
 * @param open opens another session, which is closed at the end
 * @param count the number of other sessions
 * @param views true to lock materialized views as well; not if a program also reads the source: it would wait
 * behind a session that waits to refresh one
 * @throws Problem of the sessions, of the work
 */
export async function withSnapshotReaders<T>(
  source: ServerConnection,
  open: () => Promise<ServerConnection>,
  count: number,
  work: (others: readonly ServerConnection[]) => Promise<T>,
  views = true,
): Promise<T> {
  // The first query after the locks takes the snapshot, so no query comes before them, not even one that pins
  // settings.
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
          // Each session takes the locks itself, so none has to wait behind another session for them.
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
