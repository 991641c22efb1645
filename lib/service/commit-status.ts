// Finds out whether a transaction of a job was committed, after its process is gone.
import { readStatus } from '../pg/commit-outcome.ts';
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
      const status = await readStatus(connection, xid);
      if (status === 'committed' || status === 'aborted') return status;
      return status === 'in progress' ? 'unreachable' : 'unknown';
    } finally {
      await connection.close();
    }
  } catch {
    return 'unreachable';
  }
}
