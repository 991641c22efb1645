// One call of node-pg-migrate: the messages that it sends to the server.
import { basename } from 'node:path';
import type { RunnerOption } from 'node-pg-migrate';
import type { MigrationFile } from '../migration/chain.ts';
import { buildUnpin, pinned, queryPinned } from '../pg/pinned.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import { type AuditAuthor, buildAuditInsert, buildSettings } from './audit.ts';
import { digestMigration } from './edits.ts';
import { guardSql, ledgerGuard } from './guard.ts';
import { lockCondition } from './lock.ts';
import { defaultLockTimeout, type LockRetryOptions } from './lock-retry.ts';
import { type Direction, type StatementPlace, selectForSession, splitStatements } from './statements.ts';

/** The migrations to run, on a session that holds the lock. */
export interface MigrationRun extends LockRetryOptions {
  /** The folder of the files. */
  readonly folder: string;
  /** All files of the folder, in their order. */
  readonly files: readonly MigrationFile[];
  readonly author: AuditAuthor;
  /** Registers what is to be done on an interrupt, and gives the function that forgets it (`World`). */
  onInterrupt?(undo: () => Promise<unknown>): () => void;
  /** Says what a person must know beside the result (`World`). */
  note?(message: string): void;
}

/** The progress of a run. */
export interface Progress {
  /** The statement that was sent last, of a file that is not committed. */
  place?: StatementPlace | undefined;
  /** True while the COMMIT of that file is not answered. */
  isCommitting?: boolean;
  /** The last file whose COMMIT was answered. */
  done?: MigrationFile | undefined;
}

type Pgm = { sql(text: string): void; noTransaction(): void };

/** Migrations that are run in one call of node-pg-migrate. */
export interface MigrationBatch {
  readonly direction: Direction;
  readonly chosen: readonly MigrationFile[];
  /** True if each is one transaction; otherwise there is one, which runs outside of a transaction. */
  readonly whole: boolean;
  readonly progress: Progress;
  send(sql: string): Promise<void>;
}

/**
 * Runs the migrations of a batch.
 * @throws Problem of the first message that failed
 */
export async function runBatch(of: MigrationRun, batch: MigrationBatch): Promise<void> {
  const { runner } = await import('node-pg-migrate');
  const { direction, chosen, whole } = batch;
  const messages = new BatchMessages(of, batch);
  await messages.understand(chosen[0]);
  const options: RunnerOption = {
    dbClient: { query: (sql: string) => messages.query(sql) } as never,
    dir: of.folder,
    // A file other than .sql would be loaded as a program.
    ignorePattern: '(?:(?!.*\\.sql$).*|\\..*)',
    migrationsTable: 'schema_migrations',
    migrationsSchema: 'pgmage',
    migrationLoaderStrategies: loaders(of.files, messages),
    direction,
    count: chosen.length,
    ...(direction === 'down' || !whole ? { file: (chosen[0] as MigrationFile).name } : {}),
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
    await of.connection.execute('rollback').catch(() => undefined);
    throw messages.failure ?? thrown;
  }
}

// Only files that were read and checked are run, not files that appeared since.
function loaders(
  files: readonly MigrationFile[],
  messages: BatchMessages,
): NonNullable<RunnerOption['migrationLoaderStrategies']> {
  const byPath = new Map(files.map((file) => [`${file.name}.sql`, file]));
  const loader = async (paths: string[]) =>
    paths.flatMap((path) => {
      const file = byPath.get(basename(path));
      if (file === undefined) return [];
      const down: false | never =
        file.migration.down === null ? false : (messages.action(file, 'down') as never);
      return [{ id: path, filePaths: [path], actions: { up: messages.action(file, 'up') as never, down } }];
    });
  return [{ extensions: ['.sql'], loader }];
}

// The messages of a batch to the server.
class BatchMessages {
  readonly #of: MigrationRun;
  readonly #batch: MigrationBatch;
  readonly #sent = new Map<string, StatementPlace>();
  readonly #digests = new Map<MigrationFile, string | null>();
  readonly #texts = new Map<MigrationFile, string>();
  #held = '';
  /** The first message that failed. */
  failure: Problem | undefined;

  constructor(of: MigrationRun, batch: MigrationBatch) {
    this.#of = of;
    this.#batch = batch;
  }

  async understand(file: MigrationFile | undefined): Promise<void> {
    if (file === undefined || this.#digests.has(file)) return;
    this.#digests.set(file, await digestMigration(file));
    this.#texts.set(file, await selectForSession(this.#of.connection, file, this.#batch.direction));
  }

  action(file: MigrationFile, way: Direction): (pgm: Pgm) => void {
    return (pgm) => {
      const digest = this.#digests.get(file) ?? null;
      const sql = this.#texts.get(file) as string;
      if (!this.#batch.whole && file === this.#batch.chosen[0]) {
        pgm.noTransaction();
        pgm.sql(`${pinned}; select ${buildSettings(file, digest, false)}; ${buildUnpin('session')}`);
        for (const { text, start } of splitStatements(sql)) {
          pgm.sql(text);
          this.#sent.set(text, { file, start });
        }
        return;
      }
      // Only this session knows the duration, and a reader sees it together with the row.
      const milliseconds = 'extract(epoch from clock_timestamp() - now()) * 1000';
      const audit = buildAuditInsert(this.#of.author, {
        file,
        direction: way,
        outcome: 'done',
        milliseconds,
      });
      // One message, because each costs as much as a small migration; the user's part first, so that its
      // positions stay.
      const text = `${sql}\n;\n${pinned}; ${audit}`;
      this.#sent.set(text, { file, start: 0 });
      pgm.sql(opening(file, digest, this.#of));
      pgm.sql(text);
    };
  }

  async query(sql: string): Promise<{ rows: unknown[] }> {
    const { whole, progress } = this.#batch;
    // Nothing of the user's: it goes with the next message.
    if (whole && goesAlong.test(sql)) {
      this.#held = sql;
      return { rows: [] };
    }
    const place = this.#sent.get(sql) ?? this.#sent.get(sql.replace(/;$/, ''));
    progress.place = place ?? progress.place;
    const commits = whole && sql === 'COMMIT;';
    progress.isCommitting = commits;
    try {
      if (asksForRows.test(sql)) return { rows: await queryPinned(this.#of.connection, sql) };
      await this.#deliver(sql, place);
      // Other sessions can keep the next file from beginning.
      if (commits)
        Object.assign(progress, { done: progress.place?.file, place: undefined, isCommitting: false });
      return { rows: [] };
    } catch (thrown) {
      this.failure ??= toProblem(thrown);
      throw thrown;
    }
  }

  async #deliver(sql: string, place: StatementPlace | undefined): Promise<void> {
    const { whole, chosen, send } = this.#batch;
    // The statement after a migration without a transaction has its own pins: the migration may have
    // changed the session.
    const message = place === undefined && !whole ? `${guardSql}; ${sql}` : `${this.#held}${sql}`;
    this.#held = '';
    const sending = place === undefined ? this.#of.connection.execute(message) : send(message);
    // The next one is parsed while the server works on this one.
    const next = place && chosen[chosen.indexOf(place.file) + 1];
    await Promise.all([sending, this.understand(next)]);
  }
}

const silent = () => undefined;
const goesAlong = /^BEGIN;$|^(INSERT INTO|DELETE FROM) "pgmage"\."schema_migrations" /;
const asksForRows = /^SELECT (table_name|constraint_name|name) FROM /;

// The start of the migration's own transaction: values for the ledger's row, the lock timeout, and a check
// that this session still has the migration lock.
function opening(file: MigrationFile, meaning: string | null, of: MigrationRun): string {
  const { connection, lockTimeout = defaultLockTimeout } = of;
  return `set local lock_timeout = ${lockTimeout}; ${ledgerGuard.lock}; ${pinned}; ${ledgerGuard.check};
    select ${buildSettings(file, meaning, true)};
    do $$begin if not (${lockCondition(connection)}) then
      raise exception '${lostLock}'; end if; end$$;
    ${buildUnpin('local')}`;
}

/** The message of a session that no longer holds the migration lock. */
export const lostLock = 'the lock of pgmage was lost';
