// Drops what clones with --swap kept of a target.
import type { CloneInput } from '../copy/options.ts';
import { dropKept, type Kept, listKept } from '../copy/swap/databases.ts';
import { type Ask, confirm } from '../project/confirmation.ts';
import { openWatched, readDatabaseName, resolveEnd } from '../project/source.ts';
import type { NamedTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import { findProtected, refuseProtected, refuseUnconfirmed } from '../project/write-access.ts';
import { describeTarget } from './clone.ts';

/** The databases to drop. */
export interface DropPlan {
  readonly target: NamedTarget;
  readonly drops: readonly Kept[];
}

/** The dropped databases. */
export interface DropReport extends DropPlan {
  /** Names; null: it was declined. */
  readonly dropped: readonly string[] | null;
}

/**
 * Drops the kept databases of a target, and ends the sessions in them.
 * @throws Problem `bad_option`, `confirmation_needed`, `protected_target`; of the
 * connection
 */
export async function dropOld(
  workspace: Workspace,
  input: Pick<CloneInput, 'to' | 'confirm' | 'yes'>,
  ask: Ask<DropPlan>,
): Promise<DropReport> {
  const target = await resolveEnd(workspace, '--to', input.to);
  refuseUnconfirmed(target, input);
  const guarded = findProtected(workspace.world, target, input);
  const connection = await openWatched(target);
  try {
    await refuseProtected(workspace.project, connection, target, await guarded);
    const name = await readDatabaseName(connection);
    const plan: DropPlan = {
      target: describeTarget(workspace.project, target),
      drops: await listKept(connection, name),
    };
    if (plan.drops.length === 0) return { ...plan, dropped: [] };
    // To drop them is what was asked for: no loss that --force would have to allow.
    const what = `db:clone --drop-old of ${plan.target.name}`;
    if (!(await confirm({ what, plan, losses: [] }, input, ask))) return { ...plan, dropped: null };
    return { ...plan, dropped: await dropKept(connection, name) };
  } finally {
    await connection.close();
  }
}
