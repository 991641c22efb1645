// Applies and undoes migrations with node-pg-migrate: the statements, the ledger's row and the audit in one transaction.
import { basename } from 'node:path';
import type { RunnerOption } from 'node-pg-migrate';
import type { MigrationFile } from '../migration/chain.ts';
import { pinned, pinnedRows, unpinned } from '../pg/pinned.ts';
import { locate } from '../pg/server-problem.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { type AuditAuthor, auditSql, note, settings } from './audit.ts';
import { statementsDigest } from './edits.ts';
import { guarded, ledgerGuard, unsafeLedger } from './guard.ts';
import { lockKey } from './lock.ts';
import { oneByOne, type Patience, usualLockTimeout, withPatience } from './lock-retry.ts';
import { type Direction, failedAt, type StatementPlace, sqlOf, statementsOf } from './statements.ts';

/** What is to be run, on a session that holds the lock. */
export interface MigrationRun extends Patience {
  /** The folder of the files. */
  readonly folder: string;
  /** All files of the folder, in their order. */
  readonly files: readonly MigrationFile[];
  readonly author: AuditAuthor;
}

/** How far a run is. */
interface Progress {
  place?: StatementPlace | undefined;
}

type Pgm = { sql(text: string): void; noTransaction(): void };

/** Whether a migration runs in one transaction, that way. */
export function isWhole({ migration }: MigrationFile, direction: Direction): boolean {
  return migration.transaction === 'both' || migration.transaction === direction;
}

/**
 * Runs migrations, each all or nothing where it is a transaction. What ran before one that fails stays.
 * @param chosen the next ones in their order, or the last ones from the last
 * @throws Problem with file, line and caret; `lock_lost`, `lock_unavailable`
 */
export async function run(
  of: MigrationRun,
  direction: Direction,
  chosen: readonly MigrationFile[],
): Promise<void> {
  // Consecutive transactions of one call are cheaper; what runs outside of any is told before and after.
  for (let at = 0; at < chosen.length; ) {
    const first = chosen[at] as MigrationFile;
    const whole = isWhole(first, direction);
    let end = at + 1;
    while (
      whole &&
      direction === 'up' &&
      end < chosen.length &&
      isWhole(chosen[end] as MigrationFile, direction)
    )
      end++;
    const next = chosen.slice(at, end);
    await (whole ? together(of, direction, next) : apart(of, direction, first));
    at = end;
  }
}

// Where one has to wait too long for a lock, it is begun anew; those before it are committed.
async function together(
  of: MigrationRun,
  direction: Direction,
  chosen: readonly MigrationFile[],
): Promise<void> {
  let rest = chosen;
  const progress: Progress = {};
  const send = (sql: string) => of.connection.execute(sql);
  await failing(of, direction, progress, () =>
    withPatience(of, async () => {
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
  await note(of, file, direction, 'begun');
  await failing(of, direction, progress, () =>
    oneByOne(of, (send) => group(of, direction, [file], false, progress, send)),
  ).catch((thrown: unknown) => {
    throw brokeOff(of, file, thrown);
  });
  await note(of, file, direction, 'done');
}

/** What a server refuses outside of a transaction, told so that people know what is left of it and what to do. */
export function brokeOff(
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
    if (file !== undefined && !meanings.has(file)) meanings.set(file, await statementsDigest(file));
  };
  await understand(chosen[0]);
  const action = (file: MigrationFile, way: Direction) => (pgm: Pgm) => {
    const meaning = meanings.get(file) ?? null;
    if (file === single) {
      pgm.noTransaction();
      pgm.sql(`${pinned}; select ${settings(file, meaning, false)}; ${unpinned('session')}`);
      for (const { text, start } of statementsOf(sqlOf(file, way))) {
        pgm.sql(text);
        sent.set(text, { file, start });
      }
      return;
    }
    // How long it took is known only here, and whoever reads it sees it with the row or not at all.
    const since = 'extract(epoch from clock_timestamp() - now()) * 1000';
    const audit = auditSql(of.author, file, way, 'done', since);
    // One message, because each costs as much as a small migration; the user's part first, so that its positions stay.
    const text = `${sqlOf(file, way)}\n;\n${pinned}; ${audit}`;
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
          if (asksForRows.test(sql)) return { rows: await pinnedRows(connection, sql) };
          // What follows a migration that is no transaction is pinned by itself: the session is as its statements left it.
          const message = place === undefined && !whole ? `${guarded}; ${sql}` : `${held}${sql}`;
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
    // What is no .sql would be loaded as a program.
    ignorePattern: '(?:(?!.*\\.sql$).*|\\..*)',
    migrationsTable: 'schema_migrations',
    migrationsSchema: 'pgmage',
    migrationLoaderStrategies: [
      {
        extensions: ['.sql'],
        // Of the folder only what was read and checked: files that came since are not run.
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
    // Whoever calls holds it, for longer than this.
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

// Does what runs migrations; of what it fails is put down in the audit where that can still be done.
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
    const start = await failedAt(of.connection, direction, problem, progress.place);
    await note(of, file, direction, 'failed', problem.message).catch(() => undefined);
    throw locate(problem, { file: file.file, text: file.text, offset: start });
  }
}

const unsafe = (environment: string, message: string) =>
  new Problem('ledger_unsafe', { environment, faults: [message.slice(unsafeLedger.length)] });

const lostLock = 'the lock of pgmage was lost';

// In the migration's own transaction: what the ledger's row needs, how long it waits for locks, and whether the lock on
// migrating is still this session's.
function opening(file: MigrationFile, meaning: string | null, lockTimeout = usualLockTimeout): string {
  return `set local lock_timeout = ${lockTimeout}; ${ledgerGuard.lock}; ${pinned}; ${ledgerGuard.check};
    select ${settings(file, meaning, true)};
    do $$begin if not pg_catalog.pg_try_advisory_xact_lock(${lockKey}) then raise exception '${lostLock}'; end if; end$$;
    ${unpinned('local')}`;
}
