// Refuses migrations that are certain to fail on rows of a database, before the first of them runs.
import { readRename } from '../compare/rename-requests.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import type { RowCheck } from '../model/row-check.ts';
import { type Step, splitCombined } from '../model/step.ts';
import { Problem } from '../problem/problem.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { describeFinding, type Finding, statementOf } from './findings.ts';
import { readPathRenames } from './renamed-paths.ts';
import { isOwnRename, listActions, mayChangeRows, type RunStatement } from './row-changes.ts';

/** Files that run one after the other, their effect as steps, and what the rows say to these. */
export interface CheckedRun {
  readonly files: readonly TextFile[];
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
  /** The steps of files before, between which the checked objects stay as they are. */
  readonly earlier?: readonly Step[];
}

/** All statements that will run, and where they are from. */
export interface RunStatements {
  /** The files to apply, in their order. */
  readonly files: readonly TextFile[];
  /** The existing files, for names in messages. */
  readonly folder: readonly MigrationFile[];
  /** The database. */
  readonly actual: Catalog;
  /** True if they are of no migration. */
  readonly pushed?: boolean;
  /** True if a migration failed half-way before, which is finished first. */
  readonly unfinished?: boolean;
  /** Possible renames, as values of `--rename`. */
  readonly renames?: readonly string[];
}

/**
 * Refuses a certain failure: a statement that fails on rows that no earlier statement can change.
 * @param runs the files, together or in parts
 * @throws Problem `rows_in_the_way`
 */
export async function refuseFailures(
  environment: string,
  runs: readonly CheckedRun[],
  { files, folder, actual, pushed, unfinished, renames = [] }: RunStatements,
): Promise<void> {
  const failing = runs.flatMap((run) => listFailing(run).map((one) => ({ ...one, run })));
  if (failing.length === 0) return;
  const statements = await listStatements(files);
  const certain = failing.flatMap(({ finding, check, run }) => {
    const at = findPlace(finding, check, run, statements);
    if (at === null) return [];
    const planned = new Set([...run.steps, ...(run.earlier ?? [])].map(wordsOf));
    // The checks of all files together know these renames.
    const isKnown = (sql: string) => run.earlier === undefined && readPathRenames([sql]).length > 0;
    const first = statements.slice(0, at + 1).filter(({ sql }) => !isOwnRename(sql) && !isKnown(sql));
    const isSure = first.every((one) => !mayChangeRows(one, check, { actual, planned }));
    return isSure ? [{ finding, file: statements[at]?.file }] : [];
  });
  if (certain.length === 0) return;
  const concerned = renames.filter((one) => certain.some(({ finding }) => concerns(one, finding)));
  const lines = certain.map(({ finding }) =>
    [describeFinding(finding), statementOf(finding) ?? []].flat().join(': '),
  );
  throw new Problem('rows_in_the_way', {
    environment,
    findings: [...new Set(lines)],
    migration: folder.find(({ file }) => certain.some((one) => one.file === file))?.file ?? null,
    ...(pushed && { pushed }),
    ...(unfinished && { unfinished }),
    ...(concerned.length > 0 && { renames: concerned }),
  });
}

// A failing statement names what the rename would keep: the new name, and the object that the name is in.
function concerns(rename: string, { sql }: Finding): boolean {
  const { from, to } = readRename(rename);
  const named = new Set(splitWords(sql));
  return [...from.slice(-2, -1), ...to.slice(-1)].every((name) => named.has(name));
}

// Names as they are, quoted or not.
const splitWords = (sql: string) =>
  [...sql.matchAll(/"((?:[^"]|"")*)"|[\p{L}_][\p{L}\p{N}_$]*/gu)].map(([word, quoted]) =>
    quoted === undefined ? word : quoted.replaceAll('""', '"'),
  );

const plain = (sql: string) => toOneLine(sql).replace(/;$/, '').trim();
const wordsOf = ({ sql, shown = sql }: Step) => plain(shown);

// The findings that are known to fail, with their checks.
function listFailing({ steps, findings }: CheckedRun): { finding: Finding; check: RowCheck }[] {
  const all = splitCombined(steps);
  return findings.flatMap((finding) => {
    if (finding.outcome !== 'fails' || 'unknown' in finding.answer) return [];
    const checks = all.filter((step) => wordsOf(step) === plain(finding.sql)).flatMap((step) => step.checks);
    const check = checks.find((one) => one?.outcome === 'fails' && one.words === finding.words);
    return check === undefined ? [] : [{ finding, check }];
  });
}

async function listStatements(files: readonly TextFile[]): Promise<RunStatement[]> {
  return (await parseFiles(files)).flatMap(({ file, text, statements }) =>
    statements.map(({ tag, start, end }) => ({ file, tag, sql: plain(text.slice(start, end)) })),
  );
}

// The index of the statement that fails. null: it is not known. Other words to the same effect fail, too,
// where the schema at the end of the files allows no such rows.
function findPlace(
  { sql }: Finding,
  { test, reads }: RowCheck,
  { files }: CheckedRun,
  statements: readonly RunStatement[],
): number | null {
  const own = new Set(files.map(({ file }) => file));
  const at = statements.findIndex((one) => own.has(one.file) && listActions(one.sql).includes(plain(sql)));
  if (at >= 0) return at;
  const last = statements.findLastIndex(({ file }) => own.has(file));
  return last >= 0 && !('value' in test) && reads.length > 0 ? last : null;
}
