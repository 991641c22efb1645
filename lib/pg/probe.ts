// Asks a server, in a session of its own, about another session.
import { setTimeout } from 'node:timers/promises';
import { Problem } from '../problem/problem.ts';
import type { ServerConnection } from './connection.ts';

// Errors of a server that refuses the login but is running.
const answered: ReadonlySet<string> = new Set([
  'wrong_password',
  'login_refused',
  'missing_database',
  'too_many_connections',
  'server_unavailable',
  'ssl_failed',
]);

/** Milliseconds that a server may take to say something, where it may be silent for `limit`. */
export const computeProbeTimeout = (limit: number) => Math.min(10_000, Math.max(2_000, limit));

// The role of a session may always see what its other sessions do.
const stateOf = (
  backend: number,
) => `select pg_catalog.pg_backend_pid() as own, a.state as state, a.wait_event as event
  from (select 1) one left join pg_catalog.pg_stat_activity a on a.pid operator(pg_catalog.=) ${backend}`;

// Its locks would stay until the server itself notices. A process of another program may have got its number.
const ending = (
  backend: number,
) => `select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a
  where a.pid operator(pg_catalog.=) ${backend} and a.usename operator(pg_catalog.=) current_user
    and a.application_name operator(pg_catalog.=) pg_catalog.current_setting('application_name')`;

interface State {
  readonly own: number;
  readonly state: string | null;
  readonly event: string | null;
}

const isAtWork = ({ state, event }: State) =>
  state === 'active' && event !== 'ClientRead' && event !== 'ClientWrite';

/**
 * The reason why a session is lost; null: it works, or the state is unknown. A session that waits for pgmage
 * while pgmage waits for it is ended.
 * @param backend the process of that session, as named at its login
 * @param patience milliseconds that the server may take to answer
 * @param open opens a session that ends with its signal
 * @param isSilent true if no byte has come from that session since; an answer may arrive while its state is
 * read
 */
export async function probeSession(
  backend: number | null,
  patience: number,
  open: (signal: AbortSignal) => Promise<ServerConnection>,
  isSilent: () => boolean = () => true,
): Promise<string | null> {
  let connection: ServerConnection | undefined;
  try {
    connection = await open(AbortSignal.timeout(2 * patience));
    // Asked twice: between two requests, or between two rows, each session waits for its client for a moment.
    for (const pause of [0, patience / 8]) {
      await setTimeout(pause);
      const [row] = await connection.rows<State>(stateOf(backend ?? 0));
      // Behind a pooler the process of a session is not the one that was named at login.
      if (row === undefined || row.own !== connection.backend) return null;
      if (row.state === null) return 'the server no longer has this session';
      if (isAtWork(row) || !isSilent()) return null;
    }
    await connection.execute(ending(backend ?? 0));
    return 'the server waits for pgmage, and pgmage for the server';
  } catch (thrown) {
    if (thrown instanceof Problem && answered.has(thrown.code)) return null;
    return 'a second connection also got no answer';
  } finally {
    await connection?.close();
  }
}
