// Applies and undoes migrations with node-pg-migrate: the statements, the ledger's row and the audit in one
// transaction.
import { basename } from 'node:path';
import type { RunnerOption } from 'node-pg-migrate';
import type { MigrationFile } from '../migration/chain.ts';
import { buildUnpin, pinned, queryPinned } from '../pg/pinned.ts';
import { locateProblem } from '../pg/server-problem.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { type AuditAuthor, buildAuditInsert, buildSettings, noteInAudit } from './audit.ts';
import { digestMigration } from './edits.ts';
import { guardSql, ledgerGuard, unsafeLedger } from './guard.ts';
import { lockKey } from './lock.ts';
import { defaultLockTimeout, type LockRetryOptions, sendOneByOne, withLockRetry } from './lock-retry.ts';
import {
  type Direction,
  findFailure,
  type StatementPlace,
  selectDirection,
  splitStatements,
} from './statements.ts';

/** The migrations to run, on a session that holds the lock. */
export interface MigrationRun extends LockRetryOptions {
  /** The folder of the files. */
  readonly folder: string;
  /** All files of the folder, in their order. */
  readonly files: readonly MigrationFile[];
  readonly author: AuditAuthor;
}

/** The progress of a run. */
interface Progress {
  place?: StatementPlace | undefined;
}

type Pgm = { sql(text: string): void; noTransaction(): void };

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
        await group(of, direction, rest, true, progress, send);
      } catch (thrown) {
        rest = rest.slice(Math.max(0, rest.indexOf(progress.place?.file as MigrationFile)));
        throw thrown;
      }
    }),
  );
}

async function apart(of: MigrationRun, direction: Direction, file: MigrationFile): Promise<void> {
  const progress: Progress = {};
  await noteInAudit(of, file, direction, 'begun');
  await failing(of, direction, progress, () =>
    sendOneByOne(of, (send) => group(of, direction, [file], false, progress, send)),
  ).catch((thrown: unknown) => {
    throw toBrokeOffProblem(of, file, thrown);
  });
  await noteInAudit(of, file, direction, 'done');
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

async function group(
  of: MigrationRun,
  direction: Direction,
  chosen: readonly MigrationFile[],
  whole: boolean,
  progress: Progress,
  send: (sql: string) => Promise<void>,
): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  const { connection, files } = of;
  const byPath = new Map(files.map((file) => [`${file.name}.sql`, file]));
  const sent = new Map<string, StatementPlace>();
  let failure: Problem | undefined;
  const single = whole ? undefined : chosen[0];
  const meanings = new Map<MigrationFile, string | null>();
  const understand = async (file: MigrationFile | undefined) => {
    if (file !== undefined && !meanings.has(file)) meanings.set(file, await digestMigration(file));
  };
  await understand(chosen[0]);
  const action = (file: MigrationFile, way: Direction) => (pgm: Pgm) => {
    const meaning = meanings.get(file) ?? null;
    if (file === single) {
      pgm.noTransaction();
      pgm.sql(`${pinned}; select ${buildSettings(file, meaning, false)}; ${buildUnpin('session')}`);
      for (const { text, start } of splitStatements(selectDirection(file, way))) {
        pgm.sql(text);
        sent.set(text, { file, start });
      }
      return;
    }
    // Only this session knows the duration, and a reader sees it together with the row.
    const since = 'extract(epoch from clock_timestamp() - now()) * 1000';
    const audit = buildAuditInsert(of.author, file, way, 'done', since);
    // One message, because each costs as much as a small migration; the user's part first, so that its
    // positions stay.
    const text = `${selectDirection(file, way)}\n;\n${pinned}; ${audit}`;
    sent.set(text, { file, start: 0 });
    pgm.sql(opening(file, meaning, of.lockTimeout));
    pgm.sql(text);
  };
  let held = '';
  const options: RunnerOption = {
    dbClient: {
      query: async (sql: string) => {
        // Nothing of the user's: it goes with the next message.
        if (whole && goesAlong.test(sql)) {
          held = sql;
          return { rows: [] };
        }
        const place = sent.get(sql) ?? sent.get(sql.replace(/;$/, ''));
        progress.place = place ?? progress.place;
        try {
          if (asksForRows.test(sql)) return { rows: await queryPinned(connection, sql) };
          // The statement after a migration without a transaction has its own pins: the migration may have
          // changed the session.
          const message = place === undefined && !whole ? `${guardSql}; ${sql}` : `${held}${sql}`;
          held = '';
          const sending = place === undefined ? connection.execute(message) : send(message);
          // The next one is parsed while the server works on this one.
          const next = place && chosen[chosen.indexOf(place.file) + 1];
          await Promise.all([sending, understand(next)]);
          return { rows: [] };
        } catch (thrown) {
          failure ??= toProblem(thrown);
          throw thrown;
        }
      },
    } as never,
    dir: of.folder,
    // A file other than .sql would be loaded as a program.
    ignorePattern: '(?:(?!.*\\.sql$).*|\\..*)',
    migrationsTable: 'schema_migrations',
    migrationsSchema: 'pgmage',
    migrationLoaderStrategies: [
      {
        extensions: ['.sql'],
        // Only files that were read and checked are run, not files that appeared since.
        loader: async (paths) =>
          paths.flatMap((path) => {
            const file = byPath.get(basename(path));
            if (file === undefined) return [];
            const down = file.migration.down === null ? false : (action(file, 'down') as never);
            return [{ id: path, filePaths: [path], actions: { up: action(file, 'up') as never, down } }];
          }),
      },
    ],
    direction,
    count: chosen.length,
    ...(direction === 'down' || single !== undefined ? { file: (chosen[0] as MigrationFile).name } : {}),
    // The caller holds the lock, for longer than this.
    noLock: true,
    singleTransaction: false,
    logger: { debug: silent, info: silent, warn: silent, error: silent },
  };
  try {
    const ran = await runner(options);
    if (ran.length !== chosen.length)
      throw new Problem('internal', { reason: `${ran.length} of ${chosen.length} migrations were run` });
  } catch (thrown) {
    // The runner leaves a failed transaction open.
    await connection.execute('rollback').catch(() => undefined);
    throw failure ?? thrown;
  }
}

const silent = () => undefined;
const goesAlong = /^BEGIN;$|^(INSERT INTO|DELETE FROM) "pgmage"\."schema_migrations" /;
const asksForRows = /^SELECT (table_name|constraint_name|name) FROM /;

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
    await noteInAudit(of, file, direction, 'failed', problem.message).catch(() => undefined);
    throw locateProblem(problem, { file: file.file, text: file.text, offset: start });
  }
}

const unsafe = (environment: string, message: string) =>
  new Problem('ledger_unsafe', { environment, faults: [message.slice(unsafeLedger.length)] });

const lostLock = 'the lock of pgmage was lost';

// The start of the migration's own transaction: values for the ledger's row, the lock timeout, and a check
// that this session still has the migration lock.
function opening(file: MigrationFile, meaning: string | null, lockTimeout = defaultLockTimeout): string {
  return `set local lock_timeout = ${lockTimeout}; ${ledgerGuard.lock}; ${pinned}; ${ledgerGuard.check};
    select ${buildSettings(file, meaning, true)};
    do $$begin if not pg_catalog.pg_try_advisory_xact_lock(${lockKey}) then raise exception '${lostLock}'; end
    if; end$$;
    ${buildUnpin('local')}`;
}
