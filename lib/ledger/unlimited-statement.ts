// Statements that block no other session: they run without a limit, and report what they wait for.
import { setTimeout as pause } from 'node:timers/promises';
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { describeHolders } from '../problem/holders.ts';
import { readIndexProgress, readLockWait } from './session-waits.ts';

/** The session of the statement, and its messages. */
export interface StatementSession {
  readonly connection: Connection;
  /** Milliseconds between two looks at the statement; 0 or left out: 3000. */
  readonly lockTimeout?: number;
  /** Opens another session on the same database, to look on; left out: there can be none. */
  readonly onlooker?: () => Promise<Connection>;
  progress?(message: string): void;
}

/**
 * Runs a statement without the timeouts of the role and the database, which would leave half of its work
 * behind: an invalid index, for example. A timeout of the session, its URL or PGOPTIONS is kept.
 * Meanwhile it reports the sessions that the statement waits for, and how far it has built an index.
 * @throws Problem of the work
 */
export async function withoutLimits(
  of: StatementSession,
  sql: string,
  work: () => Promise<void>,
): Promise<void> {
  const { connection } = of;
  const [me] = await queryPinned<{ pid: number; limits: string[] }>(
    connection,
    `select pg_backend_pid() as pid, array(select name from pg_settings
       where name in ('statement_timeout', 'transaction_timeout') and source not in ('session', 'client')
       and setting <> '0') as limits`,
  );
  const { pid = 0, limits = [] } = me ?? {};
  for (const name of limits) await connection.execute(`set ${name} = 0`);
  const done = new AbortController();
  const watching = watch(of, { sql, pid }, done.signal).catch(() => undefined);
  try {
    await work();
  } finally {
    done.abort();
    await watching;
    for (const name of limits) await connection.execute(`reset ${name}`).catch(() => undefined);
  }
}

// Looks at the statement through another session, and reports each change.
async function watch(
  { onlooker, progress, lockTimeout }: StatementSession,
  { sql, pid }: { readonly sql: string; readonly pid: number },
  signal: AbortSignal,
): Promise<void> {
  if (onlooker === undefined || progress === undefined) return;
  const rest = lockTimeout || 3000;
  await pause(rest, null, { signal });
  const other = await onlooker();
  try {
    for (let before = ''; !signal.aborted; await pause(rest, null, { signal })) {
      const text = await describeWork(other, pid);
      if (text !== null && text !== before && !signal.aborted) progress(`${headOf(sql)}: ${text}`);
      before = text ?? before;
    }
  } finally {
    await other.close().catch(() => undefined);
  }
}

async function describeWork(connection: Connection, pid: number): Promise<string | null> {
  const wait = await readLockWait(connection, pid);
  if (wait !== null && wait.holders.length > 0) return `waiting for ${describeHolders(wait.holders)}`;
  const index = await readIndexProgress(connection, pid);
  if (index === null) return null;
  return index.percent === null ? index.phase : `${index.phase}, ${index.percent} %`;
}

// `CREATE INDEX CONCURRENTLY orders_at_idx`.
function headOf(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return (
    /^(?:CREATE|DROP|REINDEX) .*?CONCURRENTLY(?: IF (?:NOT )?EXISTS)? \S+/i.exec(line)?.[0] ?? line
  ).slice(0, 100);
}
