// Connection poolers that give each transaction another session of the server: locks and settings of a
// session mean nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../problem/problem.ts';
import type { Connection } from './connection.ts';

/**
 * Refuses a session that is not one session of the server from its beginning to its end.
 * @throws Problem `transaction_pooler`; of the connection
 */
export async function refusePooler({ isShared, description }: Connection): Promise<void> {
  if (await isShared?.())
    throw new Problem('transaction_pooler', { environment: description, mode: 'transaction' });
}

// A pooler in session mode that has no session left makes others wait.
const patience = 2000;
const tries = 3;

/**
 * True if the server session may serve other clients between two transactions. A direct session has the
 * process that the server named at login (manual: BackendKeyData). Behind a pooler, a second session shows
 * the mode. In session mode it has its own process, or waits for one. In transaction mode it gets the process
 * that is idle here, or this session gets another one.
 * @param backend the process that was named at login
 * @param open opens a second session in the same way
 * @throws Problem of the connection
 */
export async function sharesSession(
  connection: Connection,
  backend: number | null,
  open: () => Promise<Connection>,
): Promise<boolean> {
  const own = await processOf(connection);
  if (backend === null || own === backend) return false;
  for (let attempt = 0; attempt < tries; attempt++) {
    const other = await within(otherProcess(open));
    if (other === own || (await processOf(connection)) !== own) return true;
    if (other === null) return false;
  }
  return false;
}

async function otherProcess(open: () => Promise<Connection>): Promise<number> {
  const connection = await open();
  try {
    return await processOf(connection);
  } finally {
    await connection.close().catch(() => undefined);
  }
}

async function processOf(connection: Connection): Promise<number> {
  const [row] = await connection.rows<{ pid: number }>('select pg_catalog.pg_backend_pid() as pid');
  return (row as { pid: number }).pid;
}

// null: it takes too long, or there is no room for another session.
async function within(work: Promise<number>): Promise<number | null> {
  const done = new AbortController();
  const late = pause(patience, null, { signal: done.signal }).catch(() => null);
  const answer = await Promise.race([work.catch(() => null), late]);
  done.abort();
  return answer;
}
