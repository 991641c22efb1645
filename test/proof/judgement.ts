// One direction of a proof: plan from what a database is, apply, and let everybody judge what came of it.
import { kinds } from '../../lib/kinds/index.ts';
import type { Catalog } from '../../lib/model/catalog.ts';
import { diff, makeDifference } from '../../lib/model/diff.ts';
import type { Step } from '../../lib/model/step.ts';
import { plan } from '../../lib/plan/plan.ts';
import { differences, keptLocal, reordered } from './comparison.ts';
import { dumpDifferences } from './dump.ts';
import type { Observation } from './observer.ts';
import { losses, type Rows } from './rows.ts';
import { describe, Refusal } from './session.ts';

/** Why a direction failed. */
export interface Failure {
  readonly reason:
    | 'not loadable'
    | 'read error'
    | 'plan error'
    | 'apply error'
    | 'catalog differs'
    | 'observer differs'
    | 'dump differs'
    | 'rows lost';
  readonly detail: string;
  /** The rows that there are do not fit what is wanted, which the refused step had said may be so. */
  readonly foretold: boolean;
}

/** What came of one direction. */
export interface Verdict {
  readonly failure: Failure | null;
  /** The plan, as far as there was one. */
  readonly steps: readonly Step[];
  /** Tables whose columns are now in another order. */
  readonly reordered: readonly string[];
}

/** All that the judges know of a database. */
export interface State {
  readonly catalog: Catalog;
  /** Null: the observer was not asked. */
  readonly observation: Observation | null;
  readonly dump: readonly string[];
  readonly rows: Rows;
}

/** A plan with steps that are not for transactions was refused in one. */
export class Untransactional extends Error {}

/** Where a plan is applied. */
export interface Place {
  /** What was last seen of it. */
  readonly state: State;
  look(): Promise<State>;
  /** Throws {@link Refusal}, {@link Untransactional}. */
  apply(steps: readonly Step[]): Promise<void>;
}

/**
 * Plans from the state of a place to another one, applies that, and lets everybody judge.
 * @param initial what the observer sees in an empty database
 * @throws Untransactional where the place is a transaction and the plan needs more than one
 */
export async function migrate(place: Place, to: State, initial: Observation): Promise<Verdict> {
  const from = place.state;
  let steps: Step[] = [];
  try {
    steps = plan({ difference: makeDifference(from.catalog, to.catalog, kinds), kinds });
  } catch (thrown) {
    return failed('plan error', describe(thrown));
  }
  try {
    await place.apply(steps);
  } catch (thrown) {
    if (thrown instanceof Untransactional) throw thrown;
    return failed('apply error', describe(thrown), steps, thrown instanceof Refusal && thrown.foretold);
  }
  try {
    const reached = await place.look();
    const failure = judge(from, reached, to, initial, steps);
    return { failure, steps, reordered: orders(reached, to) };
  } catch (thrown) {
    return failed('read error', describe(thrown), steps);
  }
}

/** A direction that did not come to be judged. */
export function failed(
  reason: Failure['reason'],
  detail: string,
  steps: readonly Step[] = [],
  foretold = false,
): Verdict {
  return { failure: { reason, detail, foretold }, steps, reordered: [] };
}

function judge(
  from: State,
  reached: State,
  to: State,
  initial: Observation,
  steps: readonly Step[],
): Failure | null {
  const { added, removed, changed } = diff(reached.catalog, to.catalog, kinds);
  const catalog = [
    ...added.map((fact) => `missing ${fact.id}`),
    ...removed.map((fact) => `too many ${fact.id}`),
    ...changed.map((pair) => `${pair.to.id} has other ${pair.attributes.join(', ')}`),
  ];
  const again =
    catalog.length === 0
      ? plan({ difference: makeDifference(reached.catalog, to.catalog, kinds), kinds })
      : [];
  const [seen, wanted] = [reached.observation, to.observation];
  const kept =
    seen && wanted && from.observation
      ? keptLocal(from.observation, seen, wanted)
      : new Map<string, string>();
  const findings: [Failure['reason'], string[]][] = [
    ['catalog differs', catalog],
    ['catalog differs', again.map((step) => `a second plan has ${step.sql}`)],
    ['observer differs', seen && wanted ? differences(seen, wanted, initial, kept) : []],
    ['dump differs', dumpDifferences(reached.dump, to.dump, new Set(kept.values()))],
    ['rows lost', losses(from.rows, reached.rows, to.rows, steps)],
  ];
  const found = findings.find(([, lines]) => lines.length > 0);
  return found ? { reason: found[0], detail: found[1].join('\n'), foretold: false } : null;
}

function orders(reached: State, { observation }: State): string[] {
  return reached.observation && observation ? reordered(reached.observation, observation) : [];
}
