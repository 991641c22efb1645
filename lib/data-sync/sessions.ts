// Sessions on both databases: all of one side see one state of it, and its tables are kept as they are.
import { withSnapshotReaders } from '../copy/snapshot-readers.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { openServer, type Reachable } from '../project/source.ts';
import type { World } from '../project/world.ts';
import type { SessionPair } from './find.ts';
import type { BothSides } from './shape.ts';

/** Sessions that read, in pairs. */
export interface ReadingCrew {
  /** The sessions that hold the snapshots: first of `all`. */
  readonly first: SessionPair;
  readonly all: readonly SessionPair[];
  /** When each side was as it is read, by its own clock. */
  readonly asOf: BothSides<Date>;
}

/**
 * Works while both databases are read in one state each. Nothing is written to either. Behind a pooler that
 * lends sessions to transactions it works, too: each session is in one transaction.
 * @param jobs how many sessions on each side
 * @throws Problem of the connections, of the work
 */
export async function withBothSnapshots<T>(
  world: World,
  ends: BothSides<Reachable>,
  jobs: number,
  work: (crew: ReadingCrew) => Promise<T>,
): Promise<T> {
  const open: ServerConnection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const forget = world.onInterrupt?.(close);
  const session = async (end: Reachable) => {
    const connection = await openServer(end);
    open.push(connection);
    return connection;
  };
  try {
    const [from, to] = [await session(ends.from), await session(ends.to)];
    const others = (end: Reachable) => ({ open: () => session(end), count: jobs - 1, views: false });
    return await withSnapshotReaders(from, others(ends.from), (froms) =>
      withSnapshotReaders(to, others(ends.to), async (tos) => {
        const all = [from, ...froms].map((one, at) => ({
          from: one,
          to: [to, ...tos][at] as ServerConnection,
        }));
        const asOf = { from: await clockOf(from), to: await clockOf(to) };
        return work({ first: { from, to }, all, asOf });
      }),
    );
  } catch (thrown) {
    throw asCancelled(thrown);
  } finally {
    forget?.();
    await close();
  }
}

// Reads in one snapshot never conflict with other sessions, only with the recovery of a standby (manual:
// "Handling Query Conflicts").
function asCancelled(thrown: unknown): unknown {
  if (!(thrown instanceof Problem) || !('sqlstate' in thrown.data)) return thrown;
  const { sqlstate, environment, message } = thrown.data;
  if (sqlstate !== '40001') return thrown;
  const data = { environment: environment ?? 'of the source', detail: message };
  return new Problem('read_cancelled', data, { cause: thrown });
}

async function clockOf(connection: ServerConnection): Promise<Date> {
  const [row] = await connection.rows<{ now: string }>(
    'select (extract(epoch from pg_catalog.transaction_timestamp()) * 1000)::float8::text as now',
  );
  return new Date(Number((row as { now: string }).now));
}
