// The exchange of the names of two databases, which ends the sessions in one of them.
import { literal, quote } from '../../model/quote.ts';
import type { CommitMark } from '../../pg/commit-outcome.ts';
import type { Connection } from '../../pg/connection.ts';
import { pinned } from '../../pg/pinned.ts';
import { transaction } from '../../pg/transaction.ts';
import { Problem } from '../../problem/problem.ts';
import { copySettings, describeKept, readDatabaseOid } from './databases.ts';

/** Two names that change their owners. */
export interface NameSwap {
  readonly target: string;
  readonly sibling: string;
  /** The name that the target has afterwards. */
  readonly kept: string;
  /** When, for people. */
  readonly time: string;
  /** The server process of our session in the target. */
  readonly own: number | null;
  /** Of the transaction that renames both. */
  readonly mark: CommitMark;
  /** Is called before sessions in the target are ended. */
  onEnding(): void;
  /** See `World.beforeCommit`. */
  beforeCommit?(connection: Connection): Promise<void>;
}

/**
 * Gives the new database the name of the target, in one transaction. While it waits, no session can enter the
 * target, and existing ones are ended.
 * @param keeper a session in neither of them
 * @param other another one
 * @param leave leaves the target: called once no new session can enter
 * @returns the number of ended sessions
 * @throws Problem of the connection, with `outcome` if a COMMIT may have been done; `statement_failed` if a
 * session cannot be ended
 */
export async function swapNames(
  keeper: Connection,
  other: Connection,
  { target, sibling, kept, time, own, mark: ofRenames, onEnding, beforeCommit }: NameSwap,
  leave: () => Promise<void>,
): Promise<number> {
  const oid = (await readDatabaseOid(keeper, target)) as string;
  let over = false;
  const rename = async () => {
    await keeper.execute(`alter database ${quote(target)} rename to ${quote(kept)}`);
    await copySettings(keeper, kept, sibling);
    await keeper.execute(
      `comment on database ${quote(kept)} is ${literal(describeKept(target, time))};
       alter database ${quote(kept)} is_template false;
       alter database ${quote(sibling)} rename to ${quote(target)}`,
    );
    await beforeCommit?.(keeper);
  };
  const renaming = transaction(keeper, rename, `begin; ${pinned}`, ofRenames).finally(() => {
    over = true;
  });
  const ended = new Set<number>();
  const ending = async () => {
    await leave();
    while (!over) {
      const found = await listSessions(other, oid, own);
      for (const pid of found) ended.add(pid);
      if (ended.size > 0) onEnding();
      await endSessions(other, oid, [own ?? 0, ...found]);
    }
  };
  // The rename fails on a session that could not be ended.
  const [renamed, sessions] = await Promise.allSettled([renaming, ending()]);
  if (renamed.status === 'rejected')
    throw sessions.status === 'rejected' && !isUnanswered(renamed.reason) ? sessions.reason : renamed.reason;
  return ended.size;
}

const endSessions = (other: Connection, oid: string, pids: readonly number[]) =>
  other.execute(
    `select pg_terminate_backend(pid) from pg_stat_activity where datid = ${oid}
       and (pid in (${pids.join(', ')}) or backend_type = 'autovacuum worker');
     select pg_sleep(0.02)`,
  );

// The sessions in a database, without our own, which may take a moment to leave.
async function listSessions(other: Connection, oid: string, own: number | null): Promise<number[]> {
  const found = await other.rows<{ pid: number }>(
    `select pid from pg_stat_activity where datid = ${oid} and pid <> ${own ?? 0}
       and backend_type <> 'autovacuum worker'`,
  );
  return found.map(({ pid }) => pid);
}

const isUnanswered = (thrown: unknown) => thrown instanceof Problem && 'unanswered' in thrown.data;
