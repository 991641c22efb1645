// Checks the rows of a database before the steps of a plan run.

import type { LockRetryOptions } from '../ledger/lock-retry.ts';
import type { Catalog } from '../model/catalog.ts';
import { isEqual } from '../model/diff.ts';
import { ownName } from '../model/fact.ts';
import { stripPublic } from '../model/fact-name.ts';
import { qualify } from '../model/quote.ts';
import type { SettledPair } from '../model/reconcile.ts';
import type { RowCheck, RowOutcome } from '../model/row-check.ts';
import { type Step, splitCombined } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { countBehindLocks } from './locked-rows.ts';
import { findOrigins, type Origins } from './renamed-paths.ts';
import { type RowAnswer, type RowPlace, tooSlow } from './row-counts.ts';

/** The result of one check of one statement. */
export interface Finding {
  readonly outcome: RowOutcome;
  /** The statement as it may be shown. */
  readonly sql: string;
  readonly table: string;
  /** A description of the found rows: `no phone`. */
  readonly words: string;
  readonly answer: RowAnswer;
}

/** The options of the checks. */
export interface FindingOptions {
  /** The database as it is now, by its own names. */
  readonly actual: Catalog;
  /** True if functions of the database may run, as the owner of the table. */
  readonly trusted: boolean;
  /** How locked tables are waited for; left out: for a short time, and then their rows are not counted. */
  readonly locks?: LockRetryOptions | undefined;
  /** The statements, besides the steps, that rename what these call by new names. */
  readonly renames?: readonly string[];
  /** States between which a checked object must not change; default: the database, and both ends. */
  readonly states?: readonly Catalog[];
}

/** After so many checks that took too long, the others are not asked. */
const patience = 3;

/**
 * Runs the checks of a plan's steps on the rows of a database. It skips objects that do not exist yet, rows
 * that the plan changes before, and checks without a result.
 * @param sides the start and the end of the steps
 * @throws Problem `lock_unavailable`; of the connection
 */
export async function checkRows(
  connection: Connection,
  steps: readonly Step[],
  { before, after }: SettledPair,
  { actual, trusted, locks, renames = [], states }: FindingOptions,
): Promise<Finding[]> {
  const origins = findOrigins(actual, before, [...renames, ...steps.map(({ sql }) => sql)]);
  const stays = (id: string) => {
    const payloads = [before, after, ...(states ?? [])].map(({ facts }) => facts.get(id)?.payload);
    const own = origins.originOf(id)?.payload;
    return own !== undefined && payloads.every((one) => isEqual(one, states ? payloads[0] : own));
  };
  const known = [actual, before, after, ...(states ?? [])];
  const isOfOthers = (id: string) => known.every(({ facts }) => !facts.has(id));
  const count = countBehindLocks(connection, { trusted, locks });
  const found: Finding[] = [];
  const seen = new Set<string>();
  let slow = 0;
  for (const { checks = [], sql, shown = sql } of splitCombined(steps))
    for (const check of checks) {
      const key = JSON.stringify([check.table, check.test]);
      if (!before.facts.has(check.table) || !check.reads.every(stays) || seen.has(key)) continue;
      if (!isKept(check, before, states ?? [])) continue;
      seen.add(key);
      const place = placeOf(check, origins, isOfOthers);
      if (place === null) continue;
      const answer = slow < patience ? await count(check, place) : tooSlow;
      if (answer === tooSlow) slow++;
      if ('unknown' in answer || answer.found > 0) found.push(finding(check, shown, place.path, answer));
    }
  return found.filter((one) => !isMoot(one, found));
}

// Values that cannot be converted cannot be compared either: the server refuses the question.
const isMoot = ({ outcome, sql, answer }: Finding, found: readonly Finding[]) =>
  outcome === 'loses' &&
  'unknown' in answer &&
  found.some((one) => one.sql === sql && one.outcome === 'fails' && 'found' in one.answer);

// The table and the checked columns are the same in each of these states.
function isKept({ table, values }: RowCheck, { facts }: Catalog, states: readonly Catalog[]): boolean {
  if (states.length === 0) return true;
  const columns = [...facts.values()].filter(
    (one) => one.parent === table && values.includes(ownName(one.path)),
  );
  return states.every(
    (state) =>
      state.facts.has(table) &&
      columns.every(({ id, payload }) => isEqual(state.facts.get(id)?.payload, payload)),
  );
}

// null: a table is not there yet. One that no state has is of another program, and is called as in the check.
function placeOf(
  { table, others = [] }: RowCheck,
  { originOf, renamedIn }: Origins,
  isOfOthers: (id: string) => boolean,
): RowPlace | null {
  const path = originOf(table)?.path;
  const names = others.flatMap((id) => {
    const origin = originOf(id);
    if (origin !== undefined) return [qualify(origin.path)];
    return isOfOthers(id) ? [id.slice(id.indexOf(':') + 1)] : [];
  });
  if (path === undefined || names.length < others.length) return null;
  return { path, others: names, renamed: renamedIn(table) };
}

function finding(check: RowCheck, sql: string, path: readonly string[], answer: RowAnswer): Finding {
  const { outcome, words } = check;
  return { outcome, sql: sql.replace(/\s+/g, ' '), table: stripPublic(qualify(path)), words, answer };
}

/**
 * The statement of a finding; null: it is about a check that pgmage makes in place of a NOT NULL for a short
 * time, and whose name says nothing to a user.
 */
export const statementOf = ({ sql }: Finding): string | null =>
  /\bpgmage_\d+_not_null\b/.test(sql) ? null : sql;

/** A finding as one sentence: `3 of 5,000 rows of users have no phone, for example id = 7`. */
export function describeFinding({ table, words, answer }: Finding): string {
  if ('unknown' in answer) return `Rows of ${table} that have ${words}: ${answer.unknown}`;
  const { found, total, sample } = answer;
  const [some, all] = [found, total].map((count) => count.toLocaleString('en-US'));
  const example = sample === null ? '' : `, for example ${sample}`;
  return (
    `${some} of ${all} ${total === 1 ? 'row' : 'rows'} of ${table}` +
    ` ${found === 1 ? 'has' : 'have'} ${words}${example}`
  );
}
