// An interrupt of statements that are committed one by one.
import { setTimeout as pause } from 'node:timers/promises';
import { queryPinned } from '../pg/pinned.ts';
import type { MigrationRun } from './migration-batch.ts';
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
  const [me] = await queryPinned<{ pid: number }>(connection, 'select pg_backend_pid() as pid');
  const forget = onInterrupt?.(async () => {
    const canceled = cancel(onlooker, me?.pid ?? 0).catch(() => false);
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
