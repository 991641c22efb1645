// Other sessions on the target of a sync: one that writes rows, and ones that hold a lock.
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { Database } from '../../servers/databases.ts';
import { commonNames, nameOf } from './rendering.ts';
import type { Stage } from './stage.ts';

// Neither triggers nor the actions of foreign keys are part of it; a session that has to wait gives up.
const quiet = 'set session_replication_role = replica; set lock_timeout = 100';

/** Writes every row again, as it is: each has another place and another xmin. */
export async function rewriteRows({ tables }: Stage, { url }: Database): Promise<void> {
  const other = new pg.Client(url);
  await other.connect();
  try {
    await other.query(quiet);
    for (const { scenario, table } of tables) {
      const plain = commonNames(table).find((name) => !name.startsWith('k'));
      if (plain === undefined) continue;
      await other
        .query(`update ${nameOf(scenario, table)} set ${plain} = ${plain}`)
        .catch((thrown: { code?: string }) => {
          if (thrown.code !== '55P03') throw thrown;
        });
    }
  } finally {
    await other.end();
  }
}

/** Locks a table for as long as a few attempts take. @returns a function that waits for the end */
export async function lockShortly(stage: Stage, target: Database): Promise<() => Promise<void>> {
  const release = await lockForever(stage, target);
  const over = setTimeout(300).then(release);
  return () => over;
}

/** Locks a table. @returns a function that ends the lock */
export async function lockForever({ tables }: Stage, { url }: Database): Promise<() => Promise<void>> {
  const other = new pg.Client(url);
  await other.connect();
  const names = tables.map(({ scenario, table }) => nameOf(scenario, table));
  await other
    .query(`set lock_timeout = 100; begin; lock table ${names.join(', ')} in share mode`)
    .catch(() => undefined);
  return () => other.end();
}
