// Transactions over any Connection.
import type { Problems } from '../problem/codes.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { type CommitMark, readTransactionId } from './commit-outcome.ts';
import type { Connection } from './connection.ts';
import { pinned } from './pinned.ts';

/**
 * Runs work between BEGIN and COMMIT. An error rolls everything back and is thrown again.
 * @param begin the statements that begin it and pin its settings, if they are not the default
 * @param mark receives the number of the transaction before COMMIT is sent. If the answer to COMMIT is lost,
 * its `ask` tells the outcome: a transaction that is committed was a success
 * @throws Problem of the work, or of the server when it commits
 */
export async function transaction<T>(
  connection: Connection,
  work: (connection: Connection) => Promise<T>,
  begin = `begin; ${pinned}`,
  mark?: CommitMark,
): Promise<T> {
  await connection.execute(begin);
  let done: { readonly result: T } | undefined;
  try {
    const result = await work(connection);
    if (mark !== undefined) mark.id = await readTransactionId(connection);
    done = { result };
    // COMMIT of a failed transaction rolls back without an error; an empty SELECT before it makes that one.
    await connection.execute('select; commit');
    if (mark !== undefined) mark.isCommitted = true;
    return result;
  } catch (thrown) {
    // The server rolls back by itself when the session is gone.
    await connection.execute('rollback').catch(() => undefined);
    const problem = toProblem(thrown);
    if (done === undefined || mark === undefined) throw problem;
    await refuseUncommitted(problem, mark);
    return done.result;
  }
}

// Throws the problem of a COMMIT, unless the server says that it is committed.
async function refuseUncommitted(problem: Problem, mark: CommitMark): Promise<void> {
  if (!('unanswered' in problem.data) || mark.ask === undefined) throw problem;
  const outcome = await mark.ask();
  mark.isCommitted = outcome === 'committed';
  if (outcome === 'committed') return;
  const { unanswered: _, ...lost } = problem.data as Problems['connection_lost'];
  const unknown = outcome === 'unknown' && { unanswered: 'COMMIT' as const, outcome };
  throw new Problem('connection_lost', { ...lost, ...unknown }, { cause: problem });
}

/**
 * Reads within a transaction, and lets go of all locks that it took (manual: "ROLLBACK TO SAVEPOINT").
 * @throws Problem of the work
 */
export async function readAndRelease<T>(connection: Connection, work: () => Promise<T>): Promise<T> {
  await connection.execute('savepoint reading');
  const result = await work();
  await connection.execute('rollback to savepoint reading; release savepoint reading');
  return result;
}
