// Writes the schema of a database as schema files that load to the same schema again.

import { compareCatalogs } from '../compare/compare.ts';
import { kinds } from '../kinds/index.ts';
import { type BaselineReport, makeBaseline } from '../migrate/baseline.ts';
import type { Catalog } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import { nameFact } from '../model/fact-name.ts';
import { holdsSecret } from '../model/mask.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, questionOf } from '../project/confirmation.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { withoutUnmanaged } from '../project/ignore.ts';
import { describe, readSource } from '../project/source.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';
import { findProtected, type WriteNames, writeTarget } from '../project/write-access.ts';
import { planReplacement, type Replacement, resolvePlace, writeReplacement } from '../schema-files/write.ts';
import { renderVerifiedPull } from './pull-text.ts';

/** The options of `db:pull`. */
export interface PullInput extends WriteNames {
  /** Any other source to read, instead of an environment. */
  readonly from?: string;
  /** The path to write: a `.sql` file, or a folder; default: the path of the wanted schema. */
  readonly out?: string;
  /** A folder with a file for each object, instead of one file. */
  readonly split?: boolean;
  /** Overwrites existing files without asking. */
  readonly force?: boolean;
  /** Make the schema the first migration, and record it in the database as applied. */
  readonly baseline?: boolean;
}

/** The planned files. */
export interface PullPlan extends Replacement {
  /** The source, without password. */
  readonly from: string;
  /** The file or folder that it writes, relative to the project's folder. */
  readonly to: string;
  /** The number of objects, without their parts. */
  readonly objects: number;
  /** Objects of the database that pgmage does not manage, and that are in no file. */
  readonly unmanaged: readonly string[];
  /** Objects whose passwords are in the files. */
  readonly secrets: readonly string[];
  /** Why psql would not load the files in their order, although pgmage does; null: it would. */
  readonly refusedByPsql: string | null;
}

/** The report of `db:pull`. */
export interface PullReport extends PullPlan {
  /** false: it was declined. */
  readonly done: boolean;
  /** The written and recorded migrations; null: `--baseline` was not given. */
  readonly baseline: BaselineReport | null;
}

/**
 * Writes the schema of a source into schema files, after they were loaded in the shadow and found to be the
 * same schema.
 * @throws Problem `would_overwrite`, `not_reproduced`, of the source and the shadow; `no_baseline`,
 * `foreign_migrations`
 */
export async function pull(workspace: Workspace, input: PullInput, ask: Ask<PullPlan>): Promise<PullReport> {
  const twice = ['env', 'baseline'].find((name) => input[name as 'env' | 'baseline'] !== undefined);
  if (input.from !== undefined && twice !== undefined)
    throw new Problem('bad_option', {
      option: `--${twice}`,
      reason: '--from takes any source; to read an environment, pass --env',
    });
  if (input.out !== undefined && input.baseline)
    throw new Problem('bad_option', { option: '--out', reason: '--baseline needs the wanted schema' });
  if (input.baseline) refuseForeign(workspace.project, 'a baseline');

  if (input.from !== undefined)
    return written(
      workspace,
      { from: input.from, catalog: await readSource(workspace, input.from) },
      input,
      ask,
    );
  const target = input.baseline
    ? await writeTarget(workspace.world, input, ask)
    : await workspace.world.environment(input.env);
  const guarded = input.baseline ? findProtected(workspace.world, target, input) : [];
  const catalog = await readSource(workspace, target.name);
  // A schema file with the same meaning in other words belongs to the user and stays.
  const kept = input.baseline && (await isWanted(workspace, catalog));
  const report = await written(
    workspace,
    { from: target.name, catalog },
    { ...input, kept: kept ?? false },
    ask,
  );
  if (!input.baseline || !report.done) return report;
  return { ...report, baseline: await makeBaseline(workspace, target, await guarded) };
}

/** True if the wanted schema equals a catalog. @throws Problem of its SQL */
async function isWanted(workspace: Workspace, catalog: Catalog): Promise<boolean> {
  try {
    return (await compareCatalogs(workspace, await readSource(workspace, workspace.project.schema), catalog))
      .same;
  } catch (thrown) {
    if (thrown instanceof Problem && ['missing_schema', 'empty_file'].includes(thrown.code)) return false;
    throw thrown;
  }
}

async function written(
  workspace: Workspace,
  { from, catalog }: { readonly from: string; readonly catalog: Catalog },
  input: Pick<PullInput, 'out' | 'split' | 'force'> & { readonly kept?: boolean },
  ask: Ask<PullPlan>,
): Promise<PullReport> {
  const place = await resolvePlace(workspace.project, input);
  const own = withoutUnmanaged(workspace.project, catalog);
  const usual = emptyCatalog(own.major, kinds).facts;
  const { files, refused } = input.kept
    ? { files: [], refused: null }
    : await renderVerifiedPull(workspace, describe(workspace.project, from), own, place);
  // An empty schema replaces no files: they may be all that says what was meant.
  const change =
    files.length === 0
      ? { written: [], removed: [] }
      : await planReplacement(workspace.project, place, files);
  const plan: PullPlan = {
    from: describe(workspace.project, from),
    to: shownPath(workspace.project.root, place.path),
    ...change,
    objects: [...own.facts.values()].filter(({ id, parent }) => parent === null && !usual.has(id)).length,
    unmanaged: own.unmanaged,
    secrets: [...own.facts.values()]
      .filter((fact) => holdsSecret(fact, kinds.get(fact.kind)))
      .map((fact) => nameFact(fact, kinds)),
    refusedByPsql: refused?.message ?? null,
  };
  const lost = [...change.written.filter(({ changed }) => changed !== null), ...change.removed];
  if (lost.length > 0 && !input.force) {
    const question = questionOf(ask);
    if (question === undefined) throw new Problem('would_overwrite', { changes: overwritten(change) });
    if (!(await question(plan))) return { ...plan, done: false, baseline: null };
  }
  await writeReplacement(workspace.project.root, files, change);
  return { ...plan, done: true, baseline: null };
}

/** The lost parts of existing files, as text. */
function overwritten({ written, removed }: Replacement): string[] {
  return [
    ...written.flatMap(({ file, changed }) =>
      changed === null
        ? []
        : [`${file} (${formatCount(changed.added, 'line')} added, ${changed.removed} removed)`],
    ),
    ...removed.map((file) => `${file} (deleted)`),
  ];
}
