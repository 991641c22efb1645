// An interrupt of migrations: of statements that are committed one by one, and of transactions.
import { setTimeout as pause } from 'node:timers/promises';
import type { MigrationFile } from '../migration/chain.ts';
import { literal, quote } from '../model/quote.ts';
import { ledgerSchema, tenantLedger } from '../model/schema-pair.ts';
import { type CommitOutcome, outcomePatience } from '../pg/commit-outcome.ts';
import { queryPinned } from '../pg/pinned.ts';
import type { MigrationBatch, MigrationRun } from './migration-batch.ts';
import { describeUnfinished, type UnfinishedMigration } from './position.ts';

// The time to reach the server, which is silent where the network is. The process leaves soon after.
const patienceMs = 2_000;

/**
 * Does work whose statements are committed one by one. On an interrupt it cancels the statement on the
 * server, which would go on without its client, and says that the migration is half-way.
 * @throws Problem of the work
 */
export async function untilInterrupt<T>(
  { connection, environment, onlooker, onInterrupt }: MigrationRun,
  unfinished: UnfinishedMigration,
  work: () => Promise<T>,
): Promise<T> {
  const pid = await readBackend(connection);
  const forget = onInterrupt?.(async () => {
    const canceled = cancel(onlooker, pid).catch(() => false);
    const isCanceled = await Promise.race([canceled, pause(patienceMs, false, { ref: false })]);
    const silence = isCanceled ? '' : ` ${environment} did not answer: its last statement may still run.`;
    return `In ${environment}, ${describeUnfinished(unfinished)}.${silence}`;
  });
  try {
    return await work();
  } finally {
    forget?.();
  }
}

// Gives true when the server has heard it. Without an onlooker the database ends with this process.
async function cancel(onlooker: MigrationRun['onlooker'], pid: number): Promise<boolean> {
  const other = await onlooker?.();
  await other?.rows(`select pg_catalog.pg_cancel_backend(${pid})`);
  return true;
}

/** Migrations of which each is a transaction of its own. */
type WholeMigrations = Pick<MigrationBatch, 'direction' | 'progress'> & {
  /** Lists the ones of this run that are committed. */
  done(): readonly MigrationFile[];
};

/**
 * Does work whose migrations are transactions. On an interrupt it ends the session, and says which migrations
 * are committed. Where a COMMIT is under way, it asks the ledger.
 * @throws Problem of the work
 */
export async function tellingCommits<T>(
  of: MigrationRun,
  whole: WholeMigrations,
  work: () => Promise<T>,
): Promise<T> {
  const { connection, onlooker, onInterrupt } = of;
  // The embedded database ends with this process.
  if (onlooker === undefined || onInterrupt === undefined) return work();
  const pid = await readBackend(connection);
  const forget = onInterrupt(async () => {
    await connection.close();
    return describeCommits(of, whole, pid);
  });
  try {
    return await work();
  } finally {
    forget();
  }
}

async function describeCommits(
  of: MigrationRun,
  { direction, progress, done }: WholeMigrations,
  pid: number,
): Promise<string> {
  const { environment } = of;
  const file = progress.place?.file;
  const names = done().map(({ name }) => name);
  const outcome =
    file && progress.isCommitting ? await askLedger(of, { file, direction, pid }) : 'rolled back';
  if (file && outcome === 'committed') names.push(file.name);
  const texts =
    names.length === 0 ? [] : [`${direction === 'up' ? 'Applied' : 'Undone'}: ${names.join(', ')}.`];
  const shown = direction === 'up' ? file?.name : `The way down of ${file?.name}`;
  if (file && outcome === 'rolled back')
    texts.push(`${shown} was rolled back: it changed nothing in ${environment}.`);
  if (file && outcome === 'unknown')
    texts.push(
      `COMMIT of ${file.name} was sent to ${environment}, and its outcome is not known.` +
        ' Run db:status before you retry.',
    );
  return texts.join(' ');
}

/** A migration whose COMMIT was sent, and the server process that it was sent to. */
interface SentCommit {
  readonly file: MigrationFile;
  readonly direction: MigrationBatch['direction'];
  readonly pid: number;
}

// Once the server process has ended, the row of the ledger is final.
async function askLedger(of: MigrationRun, { file, direction, pid }: SentCommit): Promise<CommitOutcome> {
  const { schemas } = of.connection;
  const ledger = quote(schemas === undefined ? ledgerSchema : tenantLedger(schemas));
  const rowOf = `select from ${ledger}.schema_migrations where name = ${literal(file.name)}`;
  const patience = AbortSignal.timeout(outcomePatience);
  const other = await of.onlooker?.().catch(() => undefined);
  if (other === undefined) return 'unknown';
  const exists = async (sql: string) => (await queryPinned(other, sql)).length > 0;
  try {
    for (;;) {
      const works = await exists(`select from pg_stat_activity where pid = ${pid}`);
      if ((await exists(rowOf)) === (direction === 'up')) return 'committed';
      if (!works) return 'rolled back';
      if (patience.aborted) return 'unknown';
      await pause(100);
    }
  } catch {
    return 'unknown';
  } finally {
    await other.close().catch(() => undefined);
  }
}

async function readBackend(connection: MigrationRun['connection']): Promise<number> {
  const [me] = await queryPinned<{ pid: number }>(connection, 'select pg_backend_pid() as pid');
  return me?.pid ?? 0;
}
