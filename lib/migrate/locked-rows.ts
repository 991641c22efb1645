// Counts rows of tables that other sessions may have locked.

import { listTableHolders } from '../ledger/lock-holders.ts';
import { defaultLockTimeout, type LockRetryOptions, withLockRetry } from '../ledger/lock-retry.ts';
import { stripPublic } from '../model/fact-name.ts';
import { qualify } from '../model/quote.ts';
import type { RowCheck } from '../model/row-check.ts';
import type { Connection } from '../pg/connection.ts';
import { describeHolders } from '../problem/holders.ts';
import { Problem } from '../problem/problem.ts';
import { countRows, type RowAnswer, type RowPlace } from './row-counts.ts';

// Milliseconds that a command waits for a lock that it can do without.
const shortly = 1000;

/**
 * Gives a function that counts the rows of one check.
 * @param locks how locked tables are waited for; left out: shortly, and then the answer names the holders
 * @returns a function that throws Problem `lock_unavailable`; of the connection
 */
export function countBehindLocks(
  connection: Connection,
  { trusted, locks }: { readonly trusted: boolean; readonly locks?: LockRetryOptions | undefined },
): (check: RowCheck, place: RowPlace) => Promise<RowAnswer> {
  const locked = new Map<string, RowAnswer>();
  return async (check, place) => {
    const count = (lockTimeout: number) => countRows(connection, check, place, { trusted, lockTimeout });
    if (locks !== undefined)
      return withLockRetry(locks, () => count(locks.lockTimeout ?? defaultLockTimeout));
    // One wait is enough for all checks of a table.
    const name = qualify(place.path);
    const known = locked.get(name);
    if (known !== undefined) return known;
    return count(shortly).catch(async (thrown: unknown) => {
      if (!(thrown instanceof Problem) || thrown.code !== 'lock_timeout') throw thrown;
      const answer = await describeLocked(connection, place);
      locked.set(name, answer);
      return answer;
    });
  };
}

async function describeLocked(connection: Connection, { path, others }: RowPlace): Promise<RowAnswer> {
  const names = [qualify(path), ...others];
  const holders = await listTableHolders(connection, names, 'AccessShare').catch(() => []);
  const sessions = holders.length === 0 ? 'another session' : describeHolders(holders);
  const tables = names.map(stripPublic).join(' or ');
  return { unknown: `not counted: ${tables} is locked by ${sessions}` };
}
