// Applies and undoes migrations with node-pg-migrate: the statements, the ledger's row and the audit in
// one transaction.
import type { MigrationFile } from '../migration/chain.ts';
import { locateProblem } from '../pg/server-problem.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { noteInAudit } from './audit.ts';
import { unsafeLedger } from './guard.ts';
import { sendOneByOne, withLockRetry } from './lock-retry.ts';
import { lostLock, type MigrationRun, type Progress, runBatch } from './migration-batch.ts';
import { type Direction, findFailure } from './statements.ts';

/** True if a migration runs in one transaction in that direction. */
export function runsInOneTransaction({ migration }: MigrationFile, direction: Direction): boolean {
  return migration.transaction === 'both' || migration.transaction === direction;
}

/**
 * Runs migrations, each all or nothing where it is a transaction. What ran before one that fails stays.
 * @param chosen the next ones in their order, or the last ones from the last
 * @throws Problem with file, line and caret; `lock_lost`, `lock_unavailable`
 */
export async function runMigrations(
  of: MigrationRun,
  direction: Direction,
  chosen: readonly MigrationFile[],
): Promise<void> {
  // Consecutive transactions of one call are cheaper; a migration outside of a transaction is noted before
  // and after.
  for (let at = 0; at < chosen.length; ) {
    const first = chosen[at] as MigrationFile;
    const whole = runsInOneTransaction(first, direction);
    let end = at + 1;
    while (
      whole &&
      direction === 'up' &&
      end < chosen.length &&
      runsInOneTransaction(chosen[end] as MigrationFile, direction)
    )
      end++;
    const next = chosen.slice(at, end);
    await (whole ? together(of, direction, next) : apart(of, direction, first));
    at = end;
  }
}

// A migration that waits too long for a lock is started again; those before it are committed.
async function together(
  of: MigrationRun,
  direction: Direction,
  chosen: readonly MigrationFile[],
): Promise<void> {
  let rest = chosen;
  const progress: Progress = {};
  const send = (sql: string) => of.connection.execute(sql);
  await failing(of, direction, progress, () =>
    withLockRetry(of, async () => {
      try {
        await runBatch(of, { direction, chosen: rest, whole: true, progress, send });
      } catch (thrown) {
        rest = rest.slice(Math.max(0, rest.indexOf(progress.place?.file as MigrationFile)));
        throw thrown;
      }
    }),
  );
}

async function apart(of: MigrationRun, direction: Direction, file: MigrationFile): Promise<void> {
  const progress: Progress = {};
  await noteInAudit(of, { file, direction, outcome: 'begun' });
  await failing(of, direction, progress, () =>
    sendOneByOne(of, (send) => runBatch(of, { direction, chosen: [file], whole: false, progress, send })),
  ).catch((thrown: unknown) => {
    throw toBrokeOffProblem(of, file, thrown);
  });
  await noteInAudit(of, { file, direction, outcome: 'done' });
}

/**
 * The problem of a statement that failed outside of a transaction, with the remaining state and the next
 * command.
 */
export function toBrokeOffProblem(
  { environment }: MigrationRun,
  { name: migration }: MigrationFile,
  thrown: unknown,
): Problem {
  const { data, where, cause } = toProblem(thrown);
  if (!('sqlstate' in data)) return toProblem(thrown);
  return new Problem(
    'broke_off',
    { environment, migration, reason: data.message, detail: data.detail, state: data.sqlstate },
    { where, cause },
  );
}

// Runs migrations, and notes a failure in the audit if that is still possible.
async function failing(
  of: MigrationRun,
  direction: Direction,
  progress: Progress,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const problem = toProblem(thrown);
    if ('sqlstate' in problem.data && problem.data.message.includes(lostLock))
      throw new Problem('lock_lost', { environment: of.environment });
    if ('sqlstate' in problem.data && problem.data.message.startsWith(unsafeLedger))
      throw unsafe(of.environment, problem.data.message);
    if (progress.place === undefined) throw problem;
    const { file } = progress.place;
    const start = await findFailure(of.connection, direction, problem, progress.place);
    const failure = { file, direction, outcome: 'failed', detail: problem.message } as const;
    await noteInAudit(of, failure).catch(() => undefined);
    const located = locateProblem(problem, { file: file.file, text: file.text, offset: start });
    throw toRowProblem(located, of.environment, file.file);
  }
}

// SQLSTATEs of values and rows. The shadow has run the same SQL, so without rows it is valid (manual:
// "PostgreSQL Error Codes").
const ofRows = /^(22(001|003|007|008|P02|P03)|23(502|503|505|514|P01))$/;

function toRowProblem(problem: Problem, environment: string, migration: string): Problem {
  const { data, where, cause } = problem;
  if (!('sqlstate' in data) || !ofRows.test(data.sqlstate)) return problem;
  return new Problem('unfit_rows', { ...data, environment, migration }, { where, cause });
}

const unsafe = (environment: string, message: string) =>
  new Problem('ledger_unsafe', { environment, faults: [message.slice(unsafeLedger.length)] });
