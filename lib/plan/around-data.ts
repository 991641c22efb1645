// Splits the plan for a new database: the steps before its rows, and the steps after them.
import { type Catalog, collectReachable, withDependents, withoutFacts } from '../model/catalog.ts';
import { type Difference, makeDifference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { AnyKind, Kinds } from '../model/kind.ts';
import { settle } from '../model/reconcile.ts';
import type { Step } from '../model/step.ts';
import { plan, planStatements } from './plan.ts';

/** The two halves of a way. */
export interface PlanHalves {
  /** Makes all that rows are put into. */
  readonly before: readonly Step[];
  /** Makes all the rest. */
  readonly after: readonly Step[];
  /** For each step of the rest the places of those that must be done before it. */
  waits(): readonly (readonly number[])[];
}

/**
 * Plans the way from a database without rows to another one, in two halves with the rows between them.
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function planAroundRows(before: Catalog, after: Catalog, kinds: Kinds): PlanHalves {
  const { major, role } = before;
  const middle = withoutFacts(after, lateIn(after, before, kinds));
  const rest = planStatements({ difference: planCompletion(middle, after, kinds), kinds, major, role });
  return {
    before: plan({ difference: makeDifference(before, middle, kinds), kinds, major, role }),
    after: rest.steps,
    waits: rest.waits,
  };
}

/**
 * The way from a part of a catalog to all of it. Unlike a comparison, an optional fact that the part leaves
 * open is missing there, instead of being as wanted.
 */
export function planCompletion(part: Catalog, whole: Catalog, kinds: Kinds): Difference {
  const settled = settle(part, whole, kinds);
  const added = [...settled.after.facts.values()].filter(({ id }) => !part.facts.has(id));
  return { ...settled, diff: { added, removed: [], changed: [] } };
}

/**
 * The facts that are created after the rows: those whose kinds say so, and all that depend on them. Facts
 * with rows, or that cannot be created separately, come before with all their dependencies.
 */
function lateIn(catalog: Catalog, before: Catalog, kinds: Kinds): ReadonlySet<string> {
  const { facts, needs } = catalog;
  const all = [...facts.values()];
  const kindOf = (fact: Fact) => kinds.get(fact.kind) as AnyKind;
  const early = collectReachable(
    all
      .filter(
        (fact) =>
          kindOf(fact).inline?.inseparable ||
          kindOf(fact).data?.holdsData?.(fact) ||
          before.facts.has(fact.id),
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

/** True if a fact's kind creates it after the rows. */
export function comesLate(fact: Fact, catalog: Catalog, kinds: Kinds): boolean {
  const { afterRows = false } = kinds.get(fact.kind)?.data ?? {};
  return typeof afterRows === 'function' ? afterRows(fact, catalog) : afterRows;
}
