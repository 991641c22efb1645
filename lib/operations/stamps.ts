// How well ways back restore what was: stamped by the rule of each statement and on made-up rows, and judged again later.
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { type Down, oneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Hazard, Step } from '../model/step.ts';
import { plan } from '../plan/index.ts';
import { Problem } from '../problem.ts';
import type { SqlFile } from '../sql/parse.ts';
import { withoutPublic } from './changes.ts';
import type { Context } from './context.ts';
import type { TextFile } from './files.ts';
import { lossesOn } from './made-rows.ts';
import { forward } from './migrations.ts';
import { moved, renamesIn } from './moving.ts';
import { type Return, rehearse } from './rehearsal.ts';
import { parseFiles } from './replay.ts';
import { after, type Start } from './start.ts';

/**
 * How well a way back restores what was. What is lost is counted on rows made up in the shadow, where these can be made.
 * @param start what there is before it
 * @param up the way there, and what it does as steps
 * @param rows what else it does to rows; null: nobody wrote it by hand
 */
export async function stampOf(
  context: Context,
  start: Start,
  { failure, down }: Return,
  { up, steps, rows = null }: { up: TextFile; steps: readonly Step[]; rows?: readonly string[] | null },
): Promise<Down> {
  if (failure !== null || down === null) return { is: 'impossible', why: oneLine(failure ?? '') };
  const losing = steps.filter(({ hazards }) => hazards.some((hazard) => lasting.has(hazard)));
  // A way back that was written by hand may lose what it need not.
  const changed = steps.filter(isRewriting).map(({ fact }) => fact.slice(fact.indexOf(':') + 1));
  const isTried = losing.length > 0 || rows !== null || changed.length > 0;
  const attempt = { up, down, changed, thorough: losing.length === 0 };
  const counted = isTried ? await lossesOn(context, start, attempt) : null;
  const tables = [...(counted ?? new Map<string, readonly string[]>()).keys()];
  const lines = [...(counted?.values() ?? [])].flat();
  // Of a column whose type changes rows were made up, which may not show what others lose.
  const known = ({ fact, hazards }: Step) =>
    hazards.includes('loses_values')
      ? lines.some((line) => line.startsWith(`${withoutPublic(fact.slice(fact.indexOf(':') + 1))}:`))
      : tables.some((name) => `${fact}.`.includes(`:${name}.`));
  const what = [...lines, ...losing.filter((step) => !known(step)).map(lossLine), ...(rows ?? [])];
  return what.length === 0 ? { is: 'exact' } : { is: 'lossy', what: oneLine(what.join('; ')) };
}

// It writes each value of its fact anew.
const isRewriting = ({ action, hazards }: Step) => action === 'alter' && hazards.includes('rewrites_table');

const lasting: ReadonlySet<Hazard> = new Set(['deletes_data', 'loses_values', 'irreversible']);

/** A statement that loses something, with what that is, as it may be shown. */
export function lossLine({ sql, shown = sql, checks = [] }: Step): string {
  const words = checks.filter(({ outcome }) => outcome === 'loses').map((one) => one.words);
  return `${oneLine(shown)}${words.length === 0 ? '' : ` (${words.join('; ')})`}`;
}

/** What a migration does to the schema, as the planner would have done it. It may do what no plan can. */
export async function stepsBetween(
  context: Context,
  before: Catalog,
  to: Catalog,
  up: TextFile,
): Promise<readonly Step[]> {
  const from = await moved(context, before, await renamesIn([up]));
  try {
    return plan({ before: from, after: to, kinds });
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'plan_cycle') return [];
    throw thrown;
  }
}

/**
 * Changes of type whose USING is not the plan's, as they stand in a file: they may make anything of a value. A plain cast to a
 * type whose length cannot cut anything off is as good.
 */
export function castsByHand({ runnable, statements }: SqlFile, steps: readonly Step[]): string[] {
  const planned = plain(steps.map(({ sql }) => sql).join('\n'));
  return statements
    .filter(({ tag }) => tag === 'AlterTableStmt')
    .map(({ start, end }) => oneLine(runnable.slice(start, end)))
    .filter((sql) =>
      [...sql.matchAll(/\btype\b.*?\busing\s+(.*?)(?=,\s*(?:alter|add|drop)\s|$)/gi)].some(
        ([, expression = '']) => !planned.includes(plain(`using ${expression}`)) && !isPlainCast(expression),
      ),
    );
}

const isPlainCast = (expression: string) =>
  /^\(?("[^"]+"|[\w$]+)\)?::[^:]+$/.test(expression) && !/char|bit/i.test(expression);

const plain = (sql: string) => sql.replace(/\s+/g, '').toLowerCase();

// Nothing but these changes the type of what is stored.
const retyping = /\btype\b|\bdomain\b|\bdo\b/i;

/**
 * What migrations lose on their way up although they are stamped exact, by the rules of today: a file may have been stamped by
 * an older version.
 * @param files all migrations
 * @param from the place of the first that is judged; `to` that of the one behind the last
 * @returns by the migration's name
 * @throws Problem of the shadow, and of the files
 */
export async function wronglyStamped(
  context: Context,
  files: readonly MigrationFile[],
  from: number,
  to: number,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const suspect = ({ migration }: MigrationFile) =>
    migration.header?.down.is === 'exact' && retyping.test(migration.up);
  const first = files.findIndex((file, at) => at >= from && at < to && suspect(file));
  const found = new Map<string, readonly string[]>();
  if (first < 0) return found;
  const last = files.findLastIndex((file, at) => at < to && suspect(file));
  const chosen = files.slice(first, last + 1);
  const ups = forward(chosen);
  const { states } = await rehearse(
    context,
    [after(files.slice(0, first))],
    ups.map((up) => ({ up, down: null })),
  );
  for (const [at, file] of chosen.entries()) {
    if (!suspect(file)) continue;
    const up = ups[at] as TextFile;
    const steps = await stepsBetween(context, states[at] as Catalog, states[at + 1] as Catalog, up);
    const [parsed] = await parseFiles([up]);
    const lost = [
      ...steps.filter(({ hazards }) => hazards.includes('loses_values')).map(lossLine),
      ...castsByHand(parsed as SqlFile, steps),
    ];
    if (lost.length > 0) found.set(file.name, lost);
  }
  return found;
}
