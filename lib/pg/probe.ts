// Asks a server, in a session of its own, about another session.
import { Problem } from '../problem/problem.ts';
import type { ServerConnection } from './connection.ts';

// Answers of a server that lets nobody in: it is there all the same.
const answered: ReadonlySet<string> = new Set([
  'wrong_password',
  'login_refused',
  'missing_database',
  'too_many_connections',
  'server_unavailable',
  'ssl_failed',
]);

/** Milliseconds that a server may take to say something, where it may be silent for `limit`. */
export const patienceOf = (limit: number) => Math.min(10_000, Math.max(2_000, limit));

// The role of a session may always see what its other sessions do.
const stateOf = (
  backend: number,
) => `select pg_catalog.pg_backend_pid() as own, a.state as state, a.wait_event as event
  from (select 1) one left join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) ${backend}`;

interface State {
  readonly own: number;
  readonly state: string | null;
  readonly event: string | null;
}

/**
 * Why a session is lost; null: it is at work, or nobody can say.
 * @param backend the process of that session, as it was told at its login
 * @param patience milliseconds that the server may take to answer
 */
export async function askAbout(
  backend: number | null,
  patience: number,
  open: () => Promise<ServerConnection>,
): Promise<string | null> {
  let connection: ServerConnection | undefined;
  try {
    // Its login has a limit of its own; the network can go silent behind that.
    connection = await within(open(), 2 * patience);
    const [row] = await within(connection.rows<State>(stateOf(backend ?? 0)), patience);
    // Behind a pooler a session's process is not the one that was told.
    if (row === undefined || row.own !== connection.backend) return null;
    if (row.state === null) return 'the server has no such session any more';
    const waitsForUs = row.state !== 'active' || row.event === 'ClientRead' || row.event === 'ClientWrite';
    return waitsForUs ? 'the server waits for pgmage, and pgmage for the server' : null;
  } catch (thrown) {
    if (thrown instanceof Problem && answered.has(thrown.code)) return null;
    return 'a second connection got no answer either';
  } finally {
    await connection?.close();
  }
}

function within<T>(work: Promise<T>, patience: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no answer')), patience);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
