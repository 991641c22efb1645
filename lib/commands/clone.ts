// Copies a whole database over another one: all of it, verified, or nothing.

import { beginReplacing } from '../copy/clear-target.ts';
import { replaceRows } from '../copy/data-only.ts';
import { type Replaced, replace } from '../copy/in-place.ts';
import { type Carrier, type CloneInput, carrierOf, checkChoice } from '../copy/options.ts';
import { type ClonePlan, lossesOf, prepared } from '../copy/plan.ts';
import type { CopyEnds } from '../copy/preflight.ts';
import type { Wish } from '../copy/selection.ts';
import { reading } from '../copy/snapshot-readers.ts';
import { type Swapped, swap } from '../copy/swap/swap.ts';
import { withLock } from '../ledger/lock.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { refusePooler } from '../pg/pooler.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, agreed } from '../project/confirmation.ts';
import type { Context, Target } from '../project/context.ts';
import { type Retry, retrying } from '../project/retry.ts';
import { attentive, type NamedTarget, named, type Reachable, targetIn } from '../project/source.ts';
import { guardedOf, refuseGuarded, refuseUnconfirmed } from '../project/write-access.ts';

/** What was done. */
export interface CloneReport extends ClonePlan {
  /** What came over; null: it was declined, and nothing was changed. */
  readonly done: Replaced | null;
  /** How it was exchanged; null: it was not. */
  readonly swapped: Swapped | null;
  readonly durationMs: number;
  /** Tries that failed before. */
  readonly retries: readonly Retry[];
}

/**
 * Replaces all that the target holds by what the source holds, in one transaction that ends only where both were found to
 * be the same; or exchanges it for a new database, of which the same was found.
 * @throws Problem `bad_option`, `protected_target`, `clone_refused`, `data_loss_refused`, `confirmation_needed`, `migration_running`,
 * `not_as_source`; of both connections
 */
export async function clone(context: Context, input: CloneInput, ask: Ask<ClonePlan>): Promise<CloneReport> {
  checkChoice(context, input);
  const [source, target] = [
    await endOf(context, '--from', input.from),
    await endOf(context, '--to', input.to),
  ];
  refuseUnconfirmed(target, input);
  const guarded = guardedOf(context, target, input);
  // What was agreed to once is not asked again.
  let agreedTo = false;
  return retrying(context, (retries, reached) =>
    withEnds(context, source, target, async (ends) => {
      reached();
      await refuseGuarded(context, ends.to.connection, target, await guarded);
      return withLock(ends.to.connection, ends.to.named.name, async () => {
        const start = context.now().getTime();
        const carrier = await carrierOf(context, input, ends.from.connection.major);
        const { plan, wish } = await prepared(context, ends, input, carrier);
        const faults = plan.checks.filter(({ outcome }) => outcome === 'failed').map(({ text }) => text);
        if (faults.length > 0)
          throw new Problem('clone_refused', { source: plan.source.name, target: plan.target.name, faults });
        agreedTo ||= await agreed(`db:clone to ${plan.target.name}`, plan, lossesOf(plan), input, ask);
        const { done, swapped } = !agreedTo
          ? { done: null, swapped: null }
          : plan.swap === null
            ? {
                done: await carriedOver(context, ends, wish, carrier, source),
                swapped: null,
              }
            : await swap(context, { ends, source, target, wish, plan: plan.swap });
        const durationMs = context.now().getTime() - start;
        return { ...plan, done, swapped, durationMs, retries: [...retries] };
      });
    }),
  );
}

/** The database on a server that an option names. @throws Problem `bad_option` */
export async function endOf(context: Context, option: string, given: string | undefined): Promise<Reachable> {
  if (given === undefined) throw new Problem('bad_option', { option, reason: 'it is missing' });
  const target = await targetIn(context, given);
  if (target === null) throw new Problem('bad_option', { option, reason: `${given} is not a database` });
  const { url } = target;
  if (url === null)
    throw new Problem('bad_option', {
      option,
      reason: `${given} is an embedded database, which cannot be cloned`,
    });
  return { ...target, url };
}

async function withEnds<T>(
  context: Context,
  source: Reachable,
  target: Reachable,
  work: (ends: CopyEnds) => Promise<T>,
): Promise<T> {
  const open: ServerConnection[] = [];
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  const forget = context.onInterrupt?.(close);
  try {
    for (const one of [source, target]) {
      const connection = await attentive(one);
      open.push(connection);
      await refusePooler(connection);
    }
    const [from, to] = open as [ServerConnection, ServerConnection];
    return await work({
      from: { named: shown(context, source), connection: from },
      to: { named: shown(context, target), connection: to },
    });
  } finally {
    forget?.();
    await close();
  }
}

/** A target as reports name it: what was given as a URL has no other name. */
export function shown(context: Context, target: Target): NamedTarget {
  const { name, ...rest } = named(context, target);
  return { name: name || rest.address, ...rest };
}

async function carriedOver(
  context: Context,
  ends: CopyEnds,
  wish: Wish,
  carrier: Carrier,
  source: Reachable,
): Promise<Replaced> {
  const { connection } = ends.from;
  const begin = (work: () => Promise<Replaced>) => transaction(ends.to.connection, work, beginReplacing);
  if (wish.dataOnly)
    return reading(
      connection,
      () => attentive(source),
      0,
      () => begin(() => replaceRows(context, ends, wish)),
    );
  return reading(
    connection,
    () => attentive(source),
    1,
    ([reader = connection]) => begin(() => replace(context, ends, wish, carrier.engine(source.url), reader)),
    !carrier.beside,
  );
}
