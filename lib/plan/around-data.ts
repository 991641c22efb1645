// A database that is made and filled: what is made before its rows come, and what after.
import { type Catalog, closure, withDependents, without } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { AnyKind, Kinds } from '../model/kind.ts';
import { settle } from '../model/reconcile.ts';
import type { Step } from '../model/step.ts';
import { type PlanInput, plan, planned } from './plan.ts';

/** The two halves of a way. */
export interface Halves {
  /** Makes all that rows are put into. */
  readonly before: readonly Step[];
  /** Makes all the rest. */
  readonly after: readonly Step[];
  /** For each step of the rest the places of those that must be done before it. */
  waits(): readonly (readonly number[])[];
}

/**
 * Plans the way from a database without rows to another one, in two halves between which rows are put in.
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function aroundRows(input: Pick<PlanInput, 'before' | 'after' | 'kinds' | 'major' | 'role'>): Halves {
  const { kinds, major = input.before.major } = input;
  const { role = input.before.role } = input;
  const late = lateIn(input.after, input.before, kinds);
  const middle = without(input.after, late);
  const rest = planned({ ...completing(middle, input.after, kinds), major, role });
  return {
    before: plan({ before: input.before, after: middle, kinds, major, role }),
    after: rest.steps,
    waits: rest.waits,
  };
}

/**
 * The way from a part of a catalog to all of it. Not what a comparison finds: what nobody speaks of in the part is not there,
 * instead of being as it is wanted.
 */
export function completing(part: Catalog, whole: Catalog, kinds: Kinds): PlanInput {
  const settled = settle(part, whole, kinds);
  const added = [...settled.after.facts.values()].filter(({ id }) => !part.facts.has(id));
  return { ...settled, difference: { added, removed: [], changed: [] }, kinds };
}

/**
 * What comes after the rows: the facts whose kinds say so, and all that needs them. What holds rows, or cannot be made
 * apart from that, comes before, with all that it needs.
 */
function lateIn(catalog: Catalog, before: Catalog, kinds: Kinds): ReadonlySet<string> {
  const { facts, needs } = catalog;
  const all = [...facts.values()];
  const kindOf = (fact: Fact) => kinds.get(fact.kind) as AnyKind;
  const early = closure(
    all
      .filter(
        (fact) => kindOf(fact).inseparable || kindOf(fact).holdsData?.(fact) || before.facts.has(fact.id),
      )
      .map(({ id }) => id),
    (id) => needs.get(id)?.keys() ?? [],
  );
  const late = withDependents(
    catalog,
    all.filter((fact) => comesLate(fact, catalog, kinds)).map(({ id }) => id),
  );
  return new Set([...late].filter((id) => facts.has(id) && !early.has(id)));
}

/** Whether a fact's kind says that it comes after rows. */
export function comesLate(fact: Fact, catalog: Catalog, kinds: Kinds): boolean {
  const { afterRows = false } = kinds.get(fact.kind) as AnyKind;
  return typeof afterRows === 'function' ? afterRows(fact, catalog) : afterRows;
}
