// Every difference between two sources, and the way from one to the other and back.

import { moved } from '../compare/apply-renames.ts';
import type { ObjectChange } from '../compare/changes.ts';
import { type Caution, cautionsOf, weighed } from '../compare/impact.ts';
import { compareRenamed, type RenameReport, renameReport } from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import { type Finding, findingsOf } from '../migrate/findings.ts';
import type { Diff } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import { shownFact } from '../model/mask.ts';
import type { Step } from '../model/step.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from '../project/context.ts';
import { describe, filesOf, readSource, targetIn, withTarget } from '../project/source.ts';

/** What is compared. */
export interface DifferenceInput {
  /** The source to start from; default: the environment's database. */
  readonly from?: string;
  /** The source to arrive at; default: the wanted schema. */
  readonly to?: string;
  /** The environment that is meant where `from` is not given. */
  readonly env?: string;
  /** What was renamed, as `old=new`. */
  readonly rename?: readonly string[];
  /** Fail when one of them holds objects that pgmage does not manage. */
  readonly strict?: boolean;
}

/** What differs, and the plan. */
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
  /** What `up` costs, with the sizes of tables where it starts at a database. */
  readonly cautions: readonly Caution[];
  /** What the rows of the database that `up` starts at say to its statements. */
  readonly findings: readonly Finding[];
  /** What either holds and pgmage does not manage. */
  readonly unmanaged: readonly string[];
  /** What is renamed first. */
  readonly renames: readonly RenameReport[];
  /** What is dropped and added, and might have been renamed. */
  readonly possible: readonly RenameReport[];
}

/**
 * Compares two sources: `postgres://…`, an environment, a `.sql` file or a folder of them, `migrations`, `empty`.
 * @throws Problem of the sources, `plan_cycle`; `unmanaged_objects` when strict
 */
export async function difference(context: Context, input: DifferenceInput = {}): Promise<DifferenceReport> {
  if (input.from !== undefined && input.env !== undefined)
    throw new Problem('bad_option', { option: '--env', reason: '--from says where to start already' });
  const from = input.from ?? (await context.environment(input.env)).name;
  const to = input.to ?? context.schema;
  const [first, second] = await Promise.all([readSource(context, from), readSource(context, to)]);
  const files = await filesOf(context, to);
  const renaming = { given: input.rename, files };
  const { comparison, renames, possible } = await compareRenamed(
    context,
    first,
    second,
    renaming,
    (statements) => moved(context, first, statements),
  );
  const { diff, unmanaged } = comparison;
  if (input.strict && unmanaged.length > 0) throw new Problem('unmanaged_objects', { objects: unmanaged });
  const target = await targetIn(context, from);
  const { cautions, findings } =
    target === null
      ? { cautions: cautionsOf(comparison.up), findings: [] }
      : await withTarget(context, target, async (connection) => ({
          cautions: await weighed(connection, comparison.up, comparison, renames),
          // What the database defines is not known yet, so that none of it runs.
          findings: await findingsOf(connection, comparison.up, comparison, {
            actual: first,
            trusted: false,
          }),
        }));
  return {
    from: describe(context, from),
    to: describe(context, to),
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
    cautions,
    findings,
    unmanaged,
    renames: renames.map(renameReport),
    possible: possible.map(renameReport),
  };
}

function masked({ added, removed, changed }: Diff): Diff {
  const shown = (fact: Fact) => shownFact(fact, kinds.get(fact.kind));
  return {
    added: added.map(shown),
    removed: removed.map(shown),
    changed: changed.map((one) => ({ ...one, from: shown(one.from), to: shown(one.to) })),
  };
}
