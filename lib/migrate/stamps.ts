// The stamps of ways down: by the rule of each statement and on sample rows, and checked again later.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { kinds } from '../kinds/index.ts';
import type { Direction } from '../ledger/statements.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { type Down, toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import { makeDifference } from '../model/diff.ts';
import { stripPublic } from '../model/fact-name.ts';
import { type Hazard, type Step, splitCombined } from '../model/step.ts';
import { plan } from '../plan/plan.ts';
import { Problem } from '../problem/problem.ts';
import { listDowns, listUps } from '../project/migration-folder.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { startAfter, type TrialStart } from '../project/trial-start.ts';
import type { Workspace } from '../project/workspace.ts';
import type { SqlFile } from '../sql/parse.ts';
import { findManualLosses } from './by-hand.ts';
import { deletingWords, findManualDeletions } from './rows-by-hand.ts';
import { findSampleLosses } from './sample-rows.ts';
import { runTrial, type TrialReturn } from './trial-run.ts';

/**
 * Computes the stamp of a way down. Losses are counted on sample rows in the shadow, if these are possible.
 * @param start the state before it
 * @param up the way up, and its effect as steps
 * @param rows its other effects on rows; null: a user did not write it
 */
export async function computeStamp(
  workspace: Workspace,
  start: TrialStart,
  { failure, down }: TrialReturn,
  { up, steps, rows = null }: { up: TextFile; steps: readonly Step[]; rows?: readonly string[] | null },
): Promise<Down> {
  if (failure !== null || down === null) return { is: 'impossible', why: toOneLine(failure ?? '') };
  const alone = splitCombined(steps);
  const losing = alone.filter(({ hazards }) => hazards.some((hazard) => lasting.has(hazard)));
  // A way down that a user wrote may lose more than necessary.
  const changed = alone.filter(isRewriting).flatMap(retypedBy);
  const isTried = losing.length > 0 || rows !== null || changed.length > 0;
  const attempt = { up, down, changed, thorough: losing.length === 0 };
  const counted = isTried ? await findSampleLosses(workspace, start, attempt) : null;
  const tables = [...(counted ?? new Map<string, readonly string[]>()).keys()];
  const lines = [...(counted?.values() ?? [])].flat();
  // Sample rows of a retyped column may not show all losses of other rows.
  const known = (step: Step) =>
    step.hazards.includes('loses_values') && retypedBy(step).length > 0
      ? retypedBy(step).every((column) => lines.some((line) => line.startsWith(`${stripPublic(column)}:`)))
      : tables.some((name) => `${step.fact}.`.includes(`:${name}.`));
  const what = [...lines, ...losing.filter((step) => !known(step)).map(describeLoss), ...(rows ?? [])];
  return what.length === 0 ? { is: 'exact' } : { is: 'lossy', what: toOneLine(what.join('; ')) };
}

// The columns whose types a planned statement changes, as `schema.table.column`.
function retypedBy({ sql }: Step): string[] {
  const [, table] = /^ALTER TABLE (?:ONLY )?((?:"(?:[^"]|"")*"|[^\s"])+) /.exec(sql) ?? [];
  const columns = [...sql.matchAll(/\bALTER COLUMN ((?:"(?:[^"]|"")*"|[^\s"])+) TYPE /g)];
  return table === undefined ? [] : columns.map(([, column]) => `${table}.${column}`);
}

// It writes each value of its fact again.
const isRewriting = ({ action, hazards }: Step) => action === 'alter' && hazards.includes('rewrites_table');

const lasting: ReadonlySet<Hazard> = new Set(['deletes_data', 'loses_values', 'irreversible']);

/** A statement with a loss, and the lost values, for display. */
export function describeLoss({ sql, shown = sql, checks = [] }: Step): string {
  const words = checks.filter(({ outcome }) => outcome === 'loses').map((one) => one.words);
  return `${toOneLine(shown)}${words.length === 0 ? '' : ` (${words.join('; ')})`}`;
}

/**
 * The effect of a migration on the schema, as the planner's steps. It may contain effects that no plan has.
 */
export async function planBetween(
  workspace: Workspace,
  before: Catalog,
  to: Catalog,
  up: TextFile,
): Promise<readonly Step[]> {
  const from = await applyRenames(workspace, before, await findRenameStatements([up]));
  try {
    return plan({ difference: makeDifference(from, to, kinds), kinds });
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'plan_cycle') return [];
    throw thrown;
  }
}

/** The migrations to check, and their steps. */
interface Judging {
  /** The direction in which they run. */
  readonly towards: Direction;
  readonly isSuspect: (file: MigrationFile, at: number) => boolean;
  readonly isLosing: (step: Step) => boolean;
  /**
   * The database: what is not there has no rows to lose. Left out: statements that write rows are not judged.
   */
  readonly there?: readonly Catalog[];
}

// Only these statements change the type of stored values.
const retyping = /\btype\b|\bdomain\b|\bdo\b/i;
const dropping = /\bdrop\b/i;
const making = /\b(add|create)\b/i;

/**
 * Losses of migrations that have the stamp exact, by today's rules: an older version may have stamped a file.
 * @param files all migrations
 * @param from the index of the first one to check
 * @param to the index after the last one
 * @returns by the migration's name
 * @throws Problem of the shadow, and of the files
 */
export function findWrongStamps(
  workspace: Workspace,
  files: readonly MigrationFile[],
  from: number,
  to: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  return judged(workspace, files, {
    towards: 'up',
    isSuspect: ({ migration }, at) =>
      at >= from && at < to && migration.header?.down.is === 'exact' && retyping.test(migration.up),
    isLosing: ({ hazards }) => hazards.includes('loses_values'),
  });
}

/**
 * The losses of pending migrations, one by one: objects that come and go between them do not show at their
 * ends.
 * @param from the index of the first pending one
 * @param known the names of those with known steps
 * @param there the database with its names, and with those that the migrations give: objects that they create
 * have no rows to lose
 * @returns statements
 * @throws Problem of the shadow, and of the files
 */
export async function findPendingLosses(
  workspace: Workspace,
  files: readonly MigrationFile[],
  from: number,
  { known, there }: { readonly known: ReadonlySet<string>; readonly there: readonly Catalog[] },
): Promise<string[]> {
  const found = await judged(workspace, files, {
    towards: 'up',
    isSuspect: ({ name, migration: { up } }, at) =>
      at >= from && !known.has(name) && [retyping, dropping, deletingWords].some((one) => one.test(up)),
    isLosing: (step) => isLossIn(there, step),
    there,
  });
  return [...found.values()].flat();
}

/**
 * The losses of undone migrations, one by one: objects that come and go between them, or in SQL that a user
 * wrote, do not show at their ends.
 * @param from the index of the first undone one
 * @param to the index after the last one
 * @param there the database with its names, and with those that it gets back
 * @returns statements
 * @throws Problem of the shadow, and of the files
 */
export async function findRollbackLosses(
  workspace: Workspace,
  files: readonly MigrationFile[],
  [from, to]: readonly [from: number, to: number],
  there: readonly Catalog[],
): Promise<string[]> {
  const found = await judged(workspace, files, {
    towards: 'down',
    isSuspect: ({ migration: { down } }, at) =>
      at >= from &&
      at < to &&
      down !== null &&
      (retyping.test(down) ||
        deletingWords.test(down) ||
        (dropping.test(down) && (to - from > 1 || making.test(down)))),
    isLosing: (step) => isLossIn(there, step),
    there,
  });
  return [...found.values()].reverse().flat();
}

const isLossIn = (there: readonly Catalog[], { fact, hazards }: Step) =>
  (hazards.includes('deletes_data') || hazards.includes('loses_values')) &&
  there.some(({ facts }) => facts.has(fact));

async function judged(
  workspace: Workspace,
  files: readonly MigrationFile[],
  { towards, isSuspect, isLosing, there = [] }: Judging,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>();
  const suspects = [...files.entries()].filter(([at, file]) => isSuspect(file, at)).map(([at]) => at);
  const [first] = suspects;
  if (first === undefined) return found;
  const ups = listUps(files.slice(first, (suspects.at(-1) as number) + 1));
  const isRead = (at: number) => suspects.includes(at) || suspects.includes(at + 1);
  const ways = ups.map((up, at) => ({ up, down: null, unread: !isRead(first + at) }));
  const { states } = await runTrial(workspace, [startAfter(files.slice(0, first))], ways);
  for (const at of suspects) {
    const file = files[at] as MigrationFile;
    const [way] = (towards === 'up' ? listUps : listDowns)([file]) as [TextFile];
    const ends = states.slice(at - first, at - first + 2) as [Catalog, Catalog];
    const [before, reached] = towards === 'up' ? ends : [ends[1], ends[0]];
    const renamed = await applyRenames(workspace, before, await findRenameStatements([way]));
    const steps = await planBetween(workspace, before, reached, way);
    const [parsed] = await parseFiles([way]);
    const lost = [
      ...splitCombined(steps).filter(isLosing).map(describeLoss),
      ...findManualLosses(parsed as SqlFile, steps, ends),
      ...there.flatMap((database) =>
        [before, renamed].flatMap((state) => findManualDeletions(parsed as SqlFile, [database, state])),
      ),
    ];
    if (lost.length > 0) found.set(file.name, [...new Set(lost)]);
  }
  return found;
}
