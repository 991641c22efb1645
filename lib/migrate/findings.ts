// Checks the rows of a database before the steps of a plan run.

import { stripPublic } from '../compare/changes.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import { isEqual } from '../model/diff.ts';
import { qualify } from '../model/quote.ts';
import type { SettledPair } from '../model/reconcile.ts';
import type { RowCheck, RowOutcome } from '../model/row-check.ts';
import { type Step, splitCombined } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { countRows, type RowAnswer, tooSlow } from './row-counts.ts';
import { writesRows } from './seal.ts';

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
}

/** After so many checks that took too long, the others are not asked. */
const patience = 3;

/**
 * Runs the checks of a plan's steps on the rows of a database. It skips objects that do not exist yet, rows
 * that the plan changes before, and checks without a result.
 * @param sides the start and the end of the steps
 * @throws Problem of the connection
 */
export async function checkRows(
  connection: Connection,
  steps: readonly Step[],
  { before, after }: SettledPair,
  { actual, trusted }: FindingOptions,
): Promise<Finding[]> {
  const stays = (id: string) => {
    const [own, from, to] = [actual, before, after].map(({ facts }) => facts.get(id)?.payload);
    return own !== undefined && isEqual(own, from) && isEqual(from, to);
  };
  const found: Finding[] = [];
  const seen = new Set<string>();
  let slow = 0;
  for (const { checks = [], sql, shown = sql } of splitCombined(steps))
    for (const check of checks) {
      const table = actual.facts.get(check.table);
      const key = JSON.stringify([check.table, check.test]);
      if (table === undefined || !before.facts.has(check.table)) continue;
      if (!check.reads.every(stays) || seen.has(key)) continue;
      seen.add(key);
      const others = (check.others ?? []).map((id) => actual.facts.get(id)?.path);
      if (others.some((path) => path === undefined)) continue;
      const place = { path: table.path, others: others.map((path) => qualify(path as string[])) };
      const answer = slow < patience ? await countRows(connection, check, place, trusted) : tooSlow;
      if (answer === tooSlow) slow++;
      if ('unknown' in answer || answer.found > 0) found.push(finding(check, shown, table.path, answer));
    }
  return found;
}

function finding(check: RowCheck, sql: string, path: readonly string[], answer: RowAnswer): Finding {
  const { outcome, words } = check;
  return { outcome, sql: sql.replace(/\s+/g, ' '), table: stripPublic(qualify(path)), words, answer };
}

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

/** The statements that will run, and where they are from. */
export interface RunStatements {
  /** The files to apply. */
  readonly files: readonly TextFile[];
  /** The existing files, for names in messages. */
  readonly folder: readonly MigrationFile[];
  /** True if they are of no migration. */
  readonly pushed?: boolean;
}

/**
 * Refuses a certain failure: a statement that the migrations run as planned, on rows that no earlier
 * statement changes.
 * @param steps the planned steps
 * @throws Problem `rows_in_the_way`
 */
export async function refuseFailures(
  environment: string,
  findings: readonly Finding[],
  steps: readonly Step[],
  { files, folder, pushed }: RunStatements,
): Promise<void> {
  const failing = findings.filter(({ outcome, answer }) => outcome === 'fails' && !('unknown' in answer));
  if (failing.length === 0) return;
  const statements = (await parseFiles(files)).flatMap(({ file, text, statements: all }) =>
    all.map(({ tag, start, end }) => ({ file, tag, sql: plain(text.slice(start, end)) })),
  );
  const planned = new Set(steps.map(wordsOf));
  if (statements.some(({ tag, sql }) => writesRows(tag) || (!planned.has(sql) && isReplacing(tag, sql))))
    return;
  const run = new Set(statements.map(({ sql }) => sql));
  const running = steps.filter((step) => run.has(wordsOf(step)));
  const makers = (sql: string) => running.filter((step) => splitCombined([step]).map(wordsOf).includes(sql));
  const certain = failing.filter(({ sql }) => makers(plain(sql)).length > 0);
  if (certain.length === 0) return;
  const failed = new Set(certain.flatMap(({ sql }) => makers(plain(sql)).map(wordsOf)));
  const first = statements.find(({ sql }) => failed.has(sql))?.file;
  throw new Problem('rows_in_the_way', {
    environment,
    findings: certain.map((one) => `${describeFinding(one)}: ${one.sql}`),
    migration: folder.find(({ file }) => file === first)?.file ?? null,
    ...(pushed && { pushed }),
  });
}

const plain = (sql: string) => sql.replace(/\s+/g, ' ').replace(/;$/, '').trim();
const wordsOf = ({ sql, shown = sql }: Step) => plain(shown);

// Statements that replace the checked values or rows. A plan only renames types aside.
const isReplacing = (tag: string, sql: string) =>
  /^(Drop|AlterEnum|AlterDomain|AlterObjectSchema)/.test(tag) ||
  (tag === 'RenameStmt' && /^alter table\b.*\brename\b(?! constraint)/i.test(sql)) ||
  (tag === 'AlterTableStmt' && /\b(type|drop|attach|detach|inherit)\b/i.test(sql));
