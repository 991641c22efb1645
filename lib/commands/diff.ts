// Every difference between two sources, and the way from one to the other and back.

import { applyRenames } from '../compare/apply-renames.ts';
import type { ObjectChange } from '../compare/changes.ts';
import type { Comparison } from '../compare/compare.ts';
import { type Caution, listCautions, nameBeforeRenames, weighSteps } from '../compare/impact.ts';
import { compareWithRenames, type RenameReport, reportRename } from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import { checkRows, type Finding } from '../migrate/findings.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Diff } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import { maskFact } from '../model/mask.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import type { Rename } from '../plan/renames.ts';
import { Problem } from '../problem/problem.ts';
import { describe, findTarget, readSource, readSourceFiles, withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of `db:diff`. */
export interface DifferenceInput {
  /** The source to start from; default: the environment's database. */
  readonly from?: string;
  /** The source to arrive at; default: the wanted schema. */
  readonly to?: string;
  /** The environment to use if `from` is not given. */
  readonly env?: string;
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
  /** Fail when one of them holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** The differences, and the plan. */
export interface DifferenceReport {
  /** The two sources as they are shown, without passwords. */
  readonly from: string;
  readonly to: string;
  /** Fact by fact. Secrets in payloads are masked: only the SQL of the steps holds them. */
  readonly diff: Diff;
  /** The difference as people count it. */
  readonly changes: readonly ObjectChange[];
  /** The steps from `from` to `to`. */
  readonly up: readonly Step[];
  /** The steps from `to` back to `from`. */
  readonly down: readonly Step[];
  /** The costs of `up`, with table sizes if it starts at a database. */
  readonly cautions: readonly Caution[];
  /** The rows of the start database that a statement of `up` fails on or changes. */
  readonly findings: readonly Finding[];
  /** Objects of either side that pgmage does not manage. */
  readonly unmanaged: readonly string[];
  /** The renames, which run first. */
  readonly renames: readonly RenameReport[];
  /** Objects that were dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
}

/**
 * Compares two sources: `postgres://…`, an environment, a `.sql` file or a folder of them, `migrations`,
 * `empty`.
 * @throws Problem of the sources, `plan_cycle`; `unmanaged_objects` when strict
 */
export async function difference(
  workspace: Workspace,
  input: DifferenceInput = {},
): Promise<DifferenceReport> {
  if (input.from !== undefined && input.env !== undefined)
    throw new Problem('bad_option', { option: '--env', reason: '--from says where to start already' });
  const from = input.from ?? (await workspace.world.environment(input.env)).name;
  const to = input.to ?? workspace.project.schema;
  const [first, second] = await Promise.all([readSource(workspace, from), readSource(workspace, to)]);
  const { comparison, renames, possible } = await compareWithRenames(workspace, first, second, {
    given: input.rename,
    files: await readSourceFiles(workspace, to),
    move: (statements) => applyRenames(workspace, first, statements),
  });
  const { diff, unmanaged } = comparison;
  if (input.strict && unmanaged.length > 0) throw new Problem('unmanaged_objects', { objects: unmanaged });
  const target = await findTarget(workspace, from);
  const impact =
    target === null
      ? { cautions: listCautions(comparison.up), findings: [] }
      : await withTarget(workspace, target, (connection) => impactOn(connection, first, comparison, renames));
  return {
    from: describe(workspace.project, from),
    to: describe(workspace.project, to),
    diff: masked(diff),
    get changes() {
      return comparison.changes;
    },
    get up() {
      return comparison.up;
    },
    get down() {
      return comparison.down;
    },
    ...impact,
    unmanaged,
    renames: renames.map(reportRename),
    possible: possible.map(reportRename),
  };
}

async function impactOn(
  connection: Connection,
  actual: Catalog,
  comparison: Comparison,
  renames: readonly Rename[],
): Promise<Pick<DifferenceReport, 'cautions' | 'findings'>> {
  return {
    cautions: await weighSteps(connection, comparison.up, comparison, nameBeforeRenames(renames)),
    // Functions of the database are not trusted yet, so none of them runs.
    findings: await checkRows(connection, comparison.up, comparison, { actual, trusted: false }),
  };
}

function masked({ added, removed, changed }: Diff): Diff {
  const shown = (fact: Fact) => maskFact(fact, kinds.get(fact.kind));
  return {
    added: added.map(shown),
    removed: removed.map(shown),
    changed: changed.map((one) => ({ ...one, from: shown(one.from), to: shown(one.to) })),
  };
}
