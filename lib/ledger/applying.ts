// Applies and undoes migrations with node-pg-migrate: the statements, the ledger's row and the audit in
// one transaction.
import type { MigrationFile } from '../migration/chain.ts';
import { isAboutRows, locateProblem } from '../pg/server-problem.ts';
import type { Problems } from '../problem/codes.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { noteInAudit } from './audit.ts';
import { unsafeLedger } from './guard.ts';
import { tellingCommits, untilInterrupt } from './interrupt.ts';
import { sendOneByOne, withLockRetry } from './lock-retry.ts';
import {
  lostLock,
  type MigrationBatch,
  type MigrationRun,
  type Progress,
  runBatch,
} from './migration-batch.ts';
import { nameNotNull } from './not-null-checks.ts';
import { type Direction, findFailure } from './statements.ts';

type Work = Pick<MigrationBatch, 'direction' | 'chosen' | 'progress'>;

/** True if a migration runs in one transaction in that direction. */
export function runsInOneTransaction({ migration }: MigrationFile, direction: Direction): boolean {
  return migration.transaction === 'both' || migration.transaction === direction;
}

/**
 * Runs migrations, each all or nothing where it is a transaction. What ran before one that fails stays, and
 * is noted.
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
    const work: Work = { direction, chosen: next, progress: {} };
    const done = () => [...chosen.slice(0, at), ...listDone(next, work.progress)];
    try {
      await (whole
        ? tellingCommits(of, { ...work, done }, () => together(of, work))
        : apart(of, work, first));
    } catch (thrown) {
      noteDone(of, direction, done());
      throw thrown;
    }
    at = end;
  }
}

const listDone = (files: readonly MigrationFile[], { done }: Progress) =>
  files.slice(0, done === undefined ? 0 : files.indexOf(done) + 1);

function noteDone({ note }: MigrationRun, direction: Direction, done: readonly MigrationFile[]): void {
  const word = direction === 'up' ? 'Applied' : 'Undone';
  for (const { name } of done) note?.(`${word} ${name}`);
}

// A migration that waits too long for a lock is started again; those before it are committed.
async function together(of: MigrationRun, { direction, chosen, progress }: Work): Promise<void> {
  let rest = chosen;
  const send = (sql: string) => of.connection.execute(sql);
  await failing(of, direction, progress, () =>
    withLockRetry(of, async () => {
      try {
        await runBatch(of, { direction, chosen: rest, whole: true, progress, send });
      } catch (thrown) {
        rest = rest.slice(listDone(rest, progress).length);
        throw thrown;
      }
    }),
  );
}

async function apart(of: MigrationRun, { direction, progress }: Work, file: MigrationFile): Promise<void> {
  await noteInAudit(of, { file, direction, outcome: 'begun' });
  const work = () =>
    sendOneByOne(of, (send) => runBatch(of, { direction, chosen: [file], whole: false, progress, send }));
  await failing(of, direction, progress, () => untilInterrupt(of, { file, direction }, work)).catch(
    (thrown: unknown) => {
      throw toBrokeOffProblem(of, { file, direction }, thrown);
    },
  );
  await noteInAudit(of, { file, direction, outcome: 'done' });
}

/**
 * The problem of a statement that failed outside of a transaction, with the remaining state and the next
 * command.
 */
export function toBrokeOffProblem(
  { environment }: MigrationRun,
  { file, direction }: { readonly file: MigrationFile; readonly direction: Direction },
  thrown: unknown,
): Problem {
  const { name: migration, text } = file;
  const problem = toProblem(thrown);
  const { code, data, where, cause } = problem;
  if (code === 'lock_unavailable' || code === 'connection_lost')
    return new Problem(
      code,
      { ...(data as Problems[typeof code]), halfWay: { migration, direction } },
      { where, cause },
    );
  if (!('sqlstate' in data)) return problem;
  const { message: reason, detail, sqlstate: state } = data;
  const words = { reason, detail, ...nameNotNull(reason, text) };
  return new Problem('broke_off', { environment, migration, direction, ...words, state }, { where, cause });
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
    throw toTargetProblem(located, of.environment, { file, direction });
  }
}

// The shadow has run the same SQL, so without rows it is valid where the server has the same extensions.
function toTargetProblem(
  problem: Problem,
  environment: string,
  { file: { file: migration }, direction }: { readonly file: MigrationFile; readonly direction: Direction },
): Problem {
  const { data, where, cause } = problem;
  if (problem.code === 'missing_extension') {
    const { name } = data as Problems['missing_extension'];
    const way = `Install the extension ${name} on the server of ${environment}`;
    return Object.assign(problem, { hint: `${way}, or remove it from the schema.` });
  }
  if (!isAboutRows(data)) return problem;
  return new Problem('unfit_rows', { ...data, environment, migration, direction }, { where, cause });
}

const unsafe = (environment: string, message: string) =>
  new Problem('ledger_unsafe', { environment, faults: [message.slice(unsafeLedger.length)] });
