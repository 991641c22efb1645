// Applies and undoes migrations with node-pg-migrate: the statements, the ledger's row and the audit in one transaction.
import { basename } from 'node:path';
import type { RunnerOption } from 'node-pg-migrate';
import type { MigrationFile } from '../migration/chain.ts';
import { literal } from '../model/quote.ts';
import type { Connection } from '../pg/connection.ts';
import { locate } from '../pg/server-problem.ts';
import { Problem, toProblem } from '../problem.ts';
import { lockKey } from './lock.ts';
import { statementsDigest } from './meaning.ts';
import { type Direction, failedAt, type Place, sqlOf, statementsOf } from './statements.ts';

/** Who migrates, as the audit keeps it. */
export interface Author {
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  /** This program with its version. */
  readonly tool: string;
}

/** What is to be run, on a session that holds the lock. */
export interface Run {
  readonly connection: Connection;
  readonly environment: string;
  /** The folder of the files. */
  readonly folder: string;
  /** All files of the folder, in their order. */
  readonly files: readonly MigrationFile[];
  readonly author: Author;
}

type Pgm = { sql(text: string): void; noTransaction(): void };

/** Whether a migration runs in one transaction, that way. */
export function isWhole({ migration }: MigrationFile, direction: Direction): boolean {
  return migration.transaction === 'both' || migration.transaction === direction;
}

/**
 * Runs migrations, each all or nothing where it is a transaction. What ran before one that fails stays.
 * @param chosen the next ones in their order, or the last ones from the last
 * @throws Problem with file, line and caret; `lock_lost`
 */
export async function run(of: Run, direction: Direction, chosen: readonly MigrationFile[]): Promise<void> {
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
    await group(of, direction, chosen.slice(at, end), whole);
    at = end;
  }
}

/** Notes in the audit what has no transaction of its own to be noted in. */
export async function note(
  { connection, author }: Run,
  file: MigrationFile,
  direction: Direction,
  outcome: 'begun' | 'done' | 'failed',
  detail: string | null = null,
): Promise<void> {
  await connection.execute(auditSql(author, file, direction, outcome, 'null', detail));
}

/**
 * Puts a migration into the ledger, or takes it out, without running it.
 * @param outcome `done`: what it does was done by other statements; `baseline`: it was there already
 */
export async function record(
  of: Run,
  file: MigrationFile,
  direction: Direction,
  outcome: 'done' | 'baseline' = 'done',
): Promise<void> {
  const row =
    direction === 'up'
      ? `select ${settings(file, await statementsDigest(file), true)};
         insert into pgmage.schema_migrations (name, run_on) values (${literal(file.name)}, now())`
      : `delete from pgmage.schema_migrations where name = ${literal(file.name)}`;
  await of.connection.execute(
    `begin; ${row}; ${auditSql(of.author, file, direction, outcome, 'null')}; commit`,
  );
}

/** Makes applied migrations those of the files, which say the same in another text; in one transaction. */
export async function accept(of: Run, files: readonly MigrationFile[]): Promise<void> {
  const detail = 'accepted: only comments or layout differ from what was applied';
  const statements = files.flatMap((file) => [
    `update pgmage.schema_migrations set checksum = ${literal(file.migration.checksum)}
       where name = ${literal(file.name)}`,
    auditSql(of.author, file, 'up', 'done', 'null', detail),
  ]);
  await of.connection.execute(`begin; ${statements.join('; ')}; commit`);
}

async function group(
  of: Run,
  direction: Direction,
  chosen: readonly MigrationFile[],
  whole: boolean,
): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  const { connection, files } = of;
  const byPath = new Map(files.map((file) => [`${file.name}.sql`, file]));
  const sent = new Map<string, Place>();
  let place: Place | undefined;
  let failure: Problem | undefined;
  const single = whole ? undefined : chosen[0];
  if (single !== undefined) await note(of, single, direction, 'begun');
  const meanings = new Map<MigrationFile, string | null>();
  for (const file of chosen) meanings.set(file, await statementsDigest(file));
  const action = (file: MigrationFile, way: Direction) => (pgm: Pgm) => {
    const meaning = meanings.get(file) ?? null;
    if (file === single) {
      pgm.noTransaction();
      pgm.sql(`select ${settings(file, meaning, false)}`);
      for (const { text, start } of statementsOf(sqlOf(file, way))) {
        pgm.sql(text);
        sent.set(text, { file, start });
      }
      return;
    }
    const text = sqlOf(file, way);
    sent.set(text, { file, start: 0 });
    pgm.sql(opening(file, meaning));
    pgm.sql(text);
    // How long it took is known only here, and whoever reads it sees it with the row or not at all.
    const since = 'extract(epoch from clock_timestamp() - now()) * 1000';
    pgm.sql(auditSql(of.author, file, way, 'done', since));
  };
  const options: RunnerOption = {
    dbClient: {
      query: async (sql: string) => {
        place = sent.get(sql) ?? sent.get(sql.replace(/;$/, '')) ?? place;
        try {
          if (asksForRows.test(sql)) return { rows: await connection.rows(sql) };
          await connection.execute(sql);
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
    if (single !== undefined) await note(of, single, direction, 'done');
  } catch (thrown) {
    // The runner leaves a failed transaction open.
    await connection.execute('rollback').catch(() => undefined);
    throw failure === undefined ? toProblem(thrown) : await told(of, direction, failure, place);
  }
}

const silent = () => undefined;
const asksForRows = /^SELECT (table_name|constraint_name|name) FROM /;

// The Problem of a failed run, after it was put down in the audit where that can still be done.
async function told(of: Run, direction: Direction, problem: Problem, place?: Place): Promise<Problem> {
  if ('sqlstate' in problem.data && problem.data.message.includes(lostLock))
    return new Problem('lock_lost', { environment: of.environment });
  if (place === undefined) return problem;
  const { file } = place;
  const start = await failedAt(of.connection, direction, problem, place);
  await note(of, file, direction, 'failed', problem.message).catch(() => undefined);
  return locate(problem, { file: file.file, text: file.text, offset: start });
}

const lostLock = 'the lock of pgmage was lost';

// In the migration's own transaction: what the ledger's row needs, and whether the lock is still this session's.
function opening(file: MigrationFile, meaning: string | null): string {
  return `select ${settings(file, meaning, true)};
    do $$begin if not pg_try_advisory_xact_lock(${lockKey}) then raise exception '${lostLock}'; end if; end$$`;
}

// What the ledger's row takes its values from.
function settings({ migration }: MigrationFile, meaning: string | null, local: boolean): string {
  const set = (name: string, value: string) => `set_config('pgmage.${name}', ${literal(value)}, ${local})`;
  return `${set('checksum', migration.checksum)}, ${set('statements', meaning ?? '')}`;
}

function auditSql(
  { systemUser, gitAuthor, gitCommit, tool }: Author,
  { name, migration }: MigrationFile,
  direction: Direction,
  outcome: string,
  milliseconds: string,
  detail: string | null = null,
): string {
  const text = (value: string | null) => (value === null ? 'null' : literal(value));
  const values = [name, direction, migration.checksum, outcome].map((value) => literal(value));
  const who = [systemUser, gitAuthor, gitCommit, tool, detail].map(text);
  return `insert into pgmage.audit (migration, direction, checksum, outcome, milliseconds, system_user_name, git_author,
    git_commit, tool, detail) values (${[...values, milliseconds, ...who].join(', ')})`;
}
