// Drops what clones with --swap kept of a target.
import type { CloneInput } from '../copy/options.ts';
import { dropKept, type Kept, keptOf } from '../copy/swap/databases.ts';
import { type Ask, agreed } from '../project/confirmation.ts';
import type { Context } from '../project/context.ts';
import { attentive, databaseIn, type NamedTarget } from '../project/source.ts';
import { guardedOf, refuseGuarded, refuseUnconfirmed } from '../project/write-access.ts';
import { endOf, shown } from './clone.ts';

/** What is going to be dropped. */
export interface DropPlan {
  readonly target: NamedTarget;
  readonly drops: readonly Kept[];
}

/** What was dropped. */
export interface DropReport extends DropPlan {
  /** Names; null: it was declined. */
  readonly dropped: readonly string[] | null;
}

/**
 * Drops the databases that were kept of a target, whoever is in them.
 * @throws Problem `bad_option`, `data_loss_refused`, `confirmation_needed`, `protected_target`; of the connection
 */
export async function dropOld(
  context: Context,
  input: Pick<CloneInput, 'to' | 'confirm' | 'yes' | 'force'>,
  ask: Ask<DropPlan>,
): Promise<DropReport> {
  const target = await endOf(context, '--to', input.to);
  refuseUnconfirmed(target, input);
  const guarded = guardedOf(context, target, input);
  const connection = await attentive(target);
  try {
    await refuseGuarded(context, connection, target, await guarded);
    const name = await databaseIn(connection);
    const plan: DropPlan = { target: shown(context, target), drops: await keptOf(connection, name) };
    if (plan.drops.length === 0) return { ...plan, dropped: [] };
    const losses = plan.drops.map((one) => `database ${one.name}`);
    if (!(await agreed(`db:clone --drop-old of ${plan.target.name}`, plan, losses, input, ask)))
      return { ...plan, dropped: null };
    return { ...plan, dropped: await dropKept(connection, name) };
  } finally {
    await connection.close();
  }
}
