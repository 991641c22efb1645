// Writes the schema of a database as schema files that load to the same schema again.

import { comparisonOf } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { type BaselineReport, makeBaseline } from '../migrate/baseline.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import type { Context } from '../project/context.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { managed } from '../project/ignore.ts';
import { keepShadows } from '../project/shadow-pool.ts';
import { describe, readSource } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import { guardedOf, type WriteNames, writeTarget } from '../project/write-access.ts';
import { placeOf, type Replacement, replace, replacement } from '../schema-files/write.ts';
import { provenText } from './pull-text.ts';

/** What is asked. */
export interface PullInput extends WriteNames {
  /** Any other source to read, instead of an environment. */
  readonly from?: string;
  /** Where it is written: a `.sql` file, or a folder; default: where the wanted schema is. */
  readonly out?: string;
  /** A folder with a file for each object, instead of one file. */
  readonly split?: boolean;
  /** Overwrite what is there, without asking. */
  readonly force?: boolean;
  /** Make the schema the first migration, and record it in the database as applied. */
  readonly baseline?: boolean;
}

/** What is going to be written. */
export interface PullPlan extends Replacement {
  /** What was read, without password. */
  readonly from: string;
  /** Where it goes, from the project's folder. */
  readonly to: string;
  /** How many objects the schema has; their parts are not counted. */
  readonly objects: number;
  /** What the database holds and pgmage does not manage: it is in no file. */
  readonly unmanaged: readonly string[];
  /** Why psql would not load the files in their order, although pgmage does; null: it would. */
  readonly refusedByPsql: string | null;
}

/** What was written. */
export interface PullReport extends PullPlan {
  /** false: it was declined. */
  readonly done: boolean;
  /** The migrations that were written, and those that were recorded; null: nobody asked for them. */
  readonly baseline: BaselineReport | null;
}

/**
 * Writes the schema of a source into schema files, after they were loaded in the shadow and found to be the same schema.
 * @throws Problem `would_overwrite`, `not_reproduced`, of the source and the shadow; `no_baseline`, `foreign_migrations`
 */
export async function pull(context: Context, input: PullInput, ask: Ask<PullPlan>): Promise<PullReport> {
  const twice = ['env', 'baseline'].find((name) => input[name as 'env' | 'baseline'] !== undefined);
  if (input.from !== undefined && twice !== undefined)
    throw new Problem('bad_option', {
      option: `--${twice}`,
      reason: '--from takes any source; to read an environment, pass --env',
    });
  if (input.out !== undefined && input.baseline)
    throw new Problem('bad_option', { option: '--out', reason: '--baseline needs the wanted schema' });
  if (input.baseline) refuseForeign(context, 'a baseline');
  return keepShadows(context, async () => {
    if (input.from !== undefined)
      return written(context, input.from, await readSource(context, input.from), input, ask);
    const target = input.baseline
      ? await writeTarget(context, input, ask)
      : await context.environment(input.env);
    const guarded = input.baseline ? guardedOf(context, target, input) : [];
    const catalog = await readSource(context, target.name);
    // A schema file that says the same in other words is somebody's own.
    const kept = input.baseline && (await isWanted(context, catalog));
    const report = await written(context, target.name, catalog, { ...input, kept: kept ?? false }, ask);
    if (!input.baseline || !report.done) return report;
    return { ...report, baseline: await makeBaseline(context, target, await guarded) };
  });
}

/** Whether the wanted schema is that of a catalog. @throws Problem of its SQL */
async function isWanted(context: Context, catalog: Catalog): Promise<boolean> {
  try {
    return (await comparisonOf(context, await readSource(context, context.schema), catalog)).same;
  } catch (thrown) {
    if (thrown instanceof Problem && ['missing_schema', 'empty_file'].includes(thrown.code)) return false;
    throw thrown;
  }
}

async function written(
  context: Context,
  from: string,
  catalog: Catalog,
  input: Pick<PullInput, 'out' | 'split' | 'force'> & { readonly kept?: boolean },
  ask: Ask<PullPlan>,
): Promise<PullReport> {
  const place = await placeOf(context, input);
  const own = managed(context, catalog);
  const usual = emptyCatalog(own.major, kinds).facts;
  const { files, refused } = input.kept
    ? { files: [], refused: null }
    : await provenText(context, describe(context, from), own, place);
  const change = input.kept ? { written: [], removed: [] } : await replacement(context, place, files);
  const plan: PullPlan = {
    from: describe(context, from),
    to: shownPath(context.root, place.path),
    ...change,
    objects: [...own.facts.values()].filter(({ id, parent }) => parent === null && !usual.has(id)).length,
    unmanaged: own.unmanaged,
    refusedByPsql: refused?.message ?? null,
  };
  const lost = [...change.written.filter(({ changed }) => changed !== null), ...change.removed];
  if (lost.length > 0 && !input.force) {
    if (ask === undefined) throw new Problem('would_overwrite', { changes: overwritten(change) });
    if (!(await ask(plan))) return { ...plan, done: false, baseline: null };
  }
  await replace(context.root, files, change);
  return { ...plan, done: true, baseline: null };
}

/** What would be lost of files that are there, in words. */
function overwritten({ written, removed }: Replacement): string[] {
  return [
    ...written.flatMap(({ file, changed }) =>
      changed === null ? [] : [`${file} (${changed.added} lines added, ${changed.removed} removed)`],
    ),
    ...removed.map((file) => `${file} (deleted)`),
  ];
}
