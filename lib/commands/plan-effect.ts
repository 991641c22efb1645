// The effect of a plan's pending migrations, by the rules of db:sync.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import type { ObjectChange } from '../compare/changes.ts';
import { compareCatalogs } from '../compare/compare.ts';
import type { Composition } from '../migrate/compose.ts';
import { listAllLosses } from '../migrate/loss-sizes.ts';
import type { LossCounts } from '../migrate/losses.ts';
import { findPendingLosses } from '../migrate/stamps.ts';
import type { SoundTargetState } from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { listUps } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';

/** The result of a look at a target, or at the files. */
export interface PlanFound {
  readonly composition: Composition;
  readonly pending: readonly MigrationFile[];
  /** The schema that the plan starts from. */
  readonly start: Catalog;
  /** The state of the target; null: there is none, or it is not sound. */
  readonly state: SoundTargetState | null;
}

/** The effect of pending migrations. */
export interface PlanEffect {
  readonly changes: readonly ObjectChange[];
  readonly steps: readonly Step[];
  readonly losses: readonly string[];
}

/** The known rows of the target. */
export interface PlanRows extends LossCounts {
  /** Null: there is none to count more rows in. */
  readonly target: Target | null;
}

/**
 * The changes and losses of pending migrations. What they rename is neither lost nor made.
 * @param isOnline true for the steps that avoid long locks
 * @param rows the known rows of the target
 * @throws Problem of the shadow, of the schema and the migrations
 */
export async function findEffect(
  workspace: Workspace,
  { composition, pending, start: from }: PlanFound,
  isOnline: boolean,
  { target, ...counts }: PlanRows,
): Promise<PlanEffect> {
  const start = await applyRenames(workspace, from, await findRenameStatements(listUps(pending)));
  const { changes, online, up } = await compareCatalogs(workspace, start, composition.wanted);
  const steps = isOnline ? online : up;
  const applied = composition.files.filter((file) => !pending.includes(file));
  const others = await findPendingLosses(workspace, [...applied, ...pending], applied.length, {
    known: new Set(composition.steps.keys()),
    there: [from, start],
  });
  const lost = { steps, others, files: listUps(pending) };
  const list = (connection: Connection | null) => listAllLosses(connection, lost, from, counts);
  const isRead = target !== null && others.length > 0;
  const losses = await (isRead ? withTarget(workspace, target, list) : list(null));
  return { changes, steps, losses };
}
