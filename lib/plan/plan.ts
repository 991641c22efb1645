// Two catalogs → the steps that turn one into the other. Everything it knows of object kinds comes in as an
// argument.
import { type Catalog, getParent, shadowRole } from '../model/catalog.ts';
import { type Diff, diffReconciled } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { Kinds, Scope } from '../model/kind.ts';
import { settle } from '../model/reconcile.ts';
import type { Hazard, Step, UnsegmentedStep } from '../model/step.ts';
import { FactActions, pushTo } from './actions.ts';
import { keepArrayTypes } from './arrays.ts';
import { combineSteps } from './combining.ts';
import { orderNodes } from './cycles.ts';
import { computeDependencies } from './dependencies.ts';
import type { Graph } from './graph.ts';
import { inlineClauses } from './inline-clauses.ts';
import { type Deed, node } from './node.ts';
import { deferOnline } from './online.ts';
import type { ReadingOrder } from './reading-order.ts';
import { complete, correct, disown, markLosses, remove, write } from './writing.ts';

/** The input of a plan. */
export interface PlanInput {
  readonly before: Catalog;
  readonly after: Catalog;
  /** The differences between them, if known already. */
  readonly difference?: Diff;
  readonly kinds: Kinds;
  /** Major version of the server that will run it; default: that of `before`. */
  readonly major?: number;
  /**
   * The role that will run it; default: the one that read `before`, or else `after`, apart from the shadow's.
   */
  readonly role?: string | null;
  /** Avoid long locks, even with more statements in more transactions; default: false. */
  readonly online?: boolean;
  /** Keep definitions as printed, to be read as the server reads its own dumps; default: as read back. */
  readonly verbatim?: boolean;
  /**
   * In an order to be read and kept, instead of the one that is best to run; for plans that only make things.
   */
  readonly reading?: ReadingOrder;
}

/**
 * Plans the way from `before` to `after`. The way back is the same function with its arguments exchanged.
 * @returns steps in the order in which they run; empty when nothing differs
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function plan(input: PlanInput): Step[] {
  const { fates, graph, folded, groups } = worked(input);
  return splitIntoSegments(
    input.reading ? groups.flatMap(({ steps }) => steps) : combineSteps(fates, graph, folded, groups),
  );
}

/**
 * The same plan with each statement by itself, and its dependencies.
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function planStatements(input: PlanInput): {
  readonly steps: Step[];
  /**
   * For each step the places of those that must be done before it; the others may run beside it.
   * @param ranked whether a kind's rank counts too, which puts steps behind others that they do not need;
   * default: true
   */
  waits(ranked?: boolean): number[][];
} {
  const { fates, graph, folded, groups } = worked(input);
  return {
    steps: splitIntoSegments(groups.flatMap(({ steps }) => steps)),
    waits: (ranked = true) =>
      computeDependencies(graph, folded, groups, (name) =>
        ranked ? (fates.kind(name.slice(name.indexOf(' ') + 1)).order?.rank ?? 0) : 0,
      ),
  };
}

// The nodes of the plan in their order, with their statements.
function worked(input: PlanInput) {
  const { kinds, major = input.before.major } = input;
  const { before, after } = settle(input.before, input.after, kinds);
  const roles = [input.role ?? null, input.before.role, input.after.role];
  const role = roles.find((name) => name !== null && name !== shadowRole) ?? null;
  const { online = false } = input;
  const given = { before, after, kinds, major, role, online, clauses: [] };
  const fates = new FactActions(input.difference ?? diffReconciled({ before, after }, kinds), given);
  const { scope } = fates;
  const { graph, order } = orderNodes(fates, input.reading);
  const folded = inlineClauses(fates, graph, order, scope);
  const inside = new Set(
    [...folded.values()].flatMap((facts) => facts.map((fact) => node('create', fact.id))),
  );
  const followers = followersOf(fates, graph, 'create');
  const bringers = [...before.facts.values()].filter(
    ({ id }) => fates.kind(id).inline?.brings && !fates.goes(id),
  );
  const groups = order.map((name) => {
    const steps: UnsegmentedStep[] = [];
    const id = name.slice(name.indexOf(' ') + 1);
    const deed = name.slice(0, name.indexOf(' ')) as Deed;
    const asPlace = deed === 'create' && graph.has(node('fill', id));
    if (!inside.has(name)) steps.push(...write(fates, asPlace ? 'place' : deed, id, folded, scope));
    if (deed !== 'create') return { name, steps };
    steps.push(...complete(fates, id, folded, scope));
    for (const follower of followers.get(name) ?? [])
      if (!inside.has(node('create', follower)))
        steps.push(...correct(fates, follower, scope), ...disown(fates, follower, folded, scope));
    steps.push(...unwanted(fates, bringers, fates.of(id)?.to as Fact, scope));
    return { name, steps };
  });
  const placed = online ? deferOnline(fates, graph, folded, groups) : groups;
  const takers = dataTakers(fates, followersOf(fates, graph, 'drop'));
  const finished = (step: UnsegmentedStep): UnsegmentedStep =>
    onNewRows(fates, input.verbatim ? step : readable(step));
  const honest = (steps: readonly UnsegmentedStep[]) =>
    markLosses(steps, ({ action, fact }) => action === 'drop' && takers.has(fact)).map(finished);
  return { fates, graph, folded, groups: placed.map(({ name, steps }) => ({ name, steps: honest(steps) })) };
}

const readable = ({ sql, part, ...step }: UnsegmentedStep): UnsegmentedStep => ({
  ...step,
  sql: keepArrayTypes(sql),
  ...(part && { part: { ...part, action: keepArrayTypes(part.action) } }),
});

// The creations, or drops, that the server makes along with another one.
function followersOf(fates: FactActions, graph: Graph, deed: 'create' | 'drop'): Map<string, string[]> {
  const followers = new Map<string, string[]>();
  for (const { id } of fates.all.values()) {
    if (!(deed === 'create' ? fates.comes(id) : fates.goes(id))) continue;
    const leader = graph.leader(node(deed, id));
    if (leader !== node(deed, id)) pushTo(followers, leader, id);
  }
  return followers;
}

// Facts with which others go that hold data, such as a table's partitions. Their own parts are their own
// matter.
function dataTakers(fates: FactActions, followers: ReadonlyMap<string, readonly string[]>): Set<string> {
  const takers = new Set<string>();
  for (const [name, others] of followers) {
    const id = name.slice(name.indexOf(' ') + 1);
    const group = new Set([id, ...others]);
    const holders = others.map((other) => fates.of(other)?.from as Fact);
    if (holders.some((fact) => !group.has(fact.parent ?? '') && fates.kind(fact.id).data?.holdsData?.(fact)))
      takers.add(id);
  }
  return takers;
}

// Facts that the server creates with a new object because of other facts, and that the schema does not want.
function unwanted(
  fates: FactActions,
  bringers: readonly Fact[],
  created: Fact,
  scope: Scope,
): UnsegmentedStep[] {
  return bringers.flatMap((fact) => {
    const inForce = fates.after.facts.get(fact.id) ?? fact;
    const brought = fates.kind(fact.id).inline?.brings?.(inForce, created, scope) ?? [];
    return brought
      .filter(({ id }) => !fates.after.facts.has(id))
      .flatMap((extra) => remove(fates, extra, scope));
  });
}

// An object of this plan has no rows that could be in the way, and no other session uses it.
function onNewRows(fates: FactActions, step: UnsegmentedStep): UnsegmentedStep {
  const fact = fates.of(step.fact)?.to;
  const top = fact && root(fates.after, fact);
  if (top === undefined || top.id === step.fact || fates.of(top.id)?.action !== 'create') return step;
  return { ...step, hazards: step.hazards.filter((hazard) => lasting.has(hazard)), lock: null };
}

const lasting: ReadonlySet<Hazard> = new Set(['deletes_data', 'irreversible', 'changes_privileges']);

function root(catalog: Catalog, fact: Fact): Fact {
  const parent = getParent(catalog, fact);
  return parent === undefined ? fact : root(catalog, parent);
}

/** The steps with their segments: one that cannot share a transaction has its own segment. */
export function splitIntoSegments(steps: readonly UnsegmentedStep[]): Step[] {
  let segment = 0;
  let alone = false;
  return steps.map(({ part: _, ...step }, index) => {
    if (index > 0 && (alone || !step.transactional)) segment++;
    alone = !step.transactional;
    return { ...step, segment };
  });
}
