// Several sessions that see one state of a source.
import { buildTableLocks, listHeldTables, lockViews } from '../flow/tables.ts';
import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readingSettings, tablesAlone } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';

const begin = `begin isolation level repeatable read read only; set local lock_timeout = '10s'`;

/** The sessions that see the same state of a source besides the first. */
export interface OtherReaders {
  /** Opens one, which is closed in the end. */
  open(): Promise<ServerConnection>;
  readonly count: number;
  /**
   * True to lock materialized views as well; default: true. Not if a program also reads the source: it would
   * wait behind a session that waits to refresh one.
   */
  readonly views?: boolean;
}

/**
 * Works while a source is seen in one state, and its tables are kept as they are.
 * @throws Problem of the sessions, of the work
 */
export async function withSnapshotReaders<T>(
  source: ServerConnection,
  { open, count, views = true }: OtherReaders,
  work: (others: readonly ServerConnection[]) => Promise<T>,
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
