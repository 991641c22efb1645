// Finds out whether a transaction of a job was committed, after its process is gone.
import { literal } from '../model/quote.ts';
import { openServer } from '../project/source.ts';
import type { World } from '../project/world.ts';

/** `unknown`: the server does not know any more. `unreachable`: it did not answer, or still works on it. */
export type CommitStatus = 'committed' | 'aborted' | 'unknown' | 'unreachable';

const connectTimeoutMs = 5_000;

/**
 * Asks a server about a transaction (manual: pg_xact_status). It never throws.
 * @param environment its name
 */
export async function readCommitStatus(
  world: World,
  environment: string,
  xid: string,
): Promise<CommitStatus> {
  try {
    const { url, ...target } = await world.environment(environment);
    if (url === null) return 'unknown';
    const connection = await openServer({ ...target, url, connectTimeoutMs, stallTimeout: connectTimeoutMs });
    try {
      const [row] = await connection.rows<{ status: string | null }>(
        `select pg_catalog.pg_xact_status(${literal(xid)}::pg_catalog.xid8) as status`,
      );
      if (row?.status === 'committed' || row?.status === 'aborted') return row.status;
      return row?.status === 'in progress' ? 'unreachable' : 'unknown';
    } finally {
      await connection.close();
    }
  } catch {
    return 'unreachable';
  }
}
