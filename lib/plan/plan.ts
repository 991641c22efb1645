// Two catalogs → the steps that turn one into the other. Everything it knows of object kinds comes in as an
// argument.
import { type Catalog, edgeKey, getParent, shadowRole } from '../model/catalog.ts';
import type { Difference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import type { Kinds } from '../model/kind.ts';
import type { Hazard, Step, UnsegmentedStep } from '../model/step.ts';
import { FactActions } from './actions.ts';
import { keepArrayTypes } from './arrays.ts';
import { combineSteps } from './combining.ts';
import { orderNodes, rankOf } from './cycles.ts';
import { computeDependencies } from './dependencies.ts';
import type { Graph } from './graph.ts';
import { inlineClauses, type OrderedActions } from './inline-clauses.ts';
import { pushTo } from './lists.ts';
import type { PlanNode } from './node.ts';
import { deferOnline, type NodeGroup } from './online.ts';
import type { ReadingOrder } from './reading-order.ts';
import { complete, correct, disown, markLosses, remove, write } from './writing.ts';

/** The input of a plan. */
export interface PlanInput {
  /** The state to start from, the state to reach, and the differences between them. */
  readonly difference: Difference;
  readonly kinds: Kinds;
  /** Major version of the server that will run it; default: that of the start. */
  readonly major?: number;
  /**
   * The role that will run it; default: the one that read the start, or else the end, apart from the
   * shadow's.
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
 * Plans the way from one state to another. The way back is the plan of the reversed difference.
 * @returns steps in the order in which they run; empty when nothing differs
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function plan(input: PlanInput): Step[] {
  const actions = orderActions(input);
  const groups = writeGroups(actions, input);
  return splitIntoSegments(
    input.reading ? groups.flatMap(({ steps }) => steps) : combineSteps(actions, groups),
  );
}

/** A plan with each statement by itself, and its dependencies. */
export interface StatementPlan {
  readonly steps: Step[];
  /**
   * For each step the indices of those that must be done before it; the others may run beside it.
   * @param ranked whether a kind's rank counts too, which puts steps behind others that they do not
   * need; default: true
   */
  waits(ranked?: boolean): number[][];
}

/**
 * The same plan with each statement by itself, and its dependencies.
 * @throws Problem `plan_cycle` when needs contradict each other
 */
export function planStatements(input: PlanInput): StatementPlan {
  const actions = orderActions(input);
  const groups = writeGroups(actions, input);
  const rank = (node: PlanNode) => rankOf(actions.fates, node);
  return {
    steps: splitIntoSegments(groups.flatMap(({ steps }) => steps)),
    waits: (ranked = true) => computeDependencies(actions, groups, ranked ? rank : () => 0),
  };
}

function orderActions({ difference, kinds, reading, online = false, ...input }: PlanInput): OrderedActions {
  const { before, after, diff } = difference;
  const { major = before.major } = input;
  const roles = [input.role ?? null, before.role, after.role];
  const role = roles.find((name) => name !== null && name !== shadowRole) ?? null;
  const fates = new FactActions(diff, { before, after, kinds, major, role, online, clauses: [] });
  const { graph, order } = orderNodes(fates, reading);
  return inlineClauses(fates, graph, order);
}

// The nodes of the plan in their order, with their statements.
function writeGroups(actions: OrderedActions, { online = false, verbatim = false }: PlanInput): NodeGroup[] {
  const { fates, graph } = actions;
  const groups = writeNodes(actions);
  const placed = online ? deferOnline(actions, groups) : groups;
  const takers = dataTakers(fates, followersOf(fates, graph, 'drop'));
  const finished = (step: UnsegmentedStep): UnsegmentedStep =>
    onNewRows(fates, verbatim ? step : readable(step));
  const honest = (steps: readonly UnsegmentedStep[]) =>
    markLosses(steps, ({ action, fact }) => action === 'drop' && takers.has(fact)).map(finished);
  return placed.map(({ node, steps }) => ({ node, steps: honest(steps) }));
}

function writeNodes(actions: OrderedActions): NodeGroup[] {
  const { fates, graph, order, folded } = actions;
  const inside = new Set(
    [...folded.values()].flatMap((facts) => facts.map(({ id }) => fates.node('create', id))),
  );
  const followers = followersOf(fates, graph, 'create');
  const bringers = [...fates.before.facts.values()].filter(
    ({ id }) => fates.kind(id).inline?.brings && !fates.goes(id),
  );
  return order.map((node) => {
    const steps: UnsegmentedStep[] = [];
    const { op, fact: id } = node;
    const asPlace = op === 'create' && graph.has(fates.node('fill', id));
    if (!inside.has(node)) steps.push(...write(actions, asPlace ? 'place' : op, id));
    if (op !== 'create') return { node, steps };
    steps.push(...complete(actions, id));
    for (const follower of followers.get(node) ?? [])
      if (!inside.has(fates.node('create', follower)))
        steps.push(...correct(fates, follower), ...disown(actions, follower));
    steps.push(...unwanted(fates, bringers, fates.of(id)?.to as Fact));
    return { node, steps };
  });
}

const readable = ({ sql, part, ...step }: UnsegmentedStep): UnsegmentedStep => ({
  ...step,
  sql: keepArrayTypes(sql),
  ...(part && { part: { ...part, action: keepArrayTypes(part.action) } }),
});

// The creations, or drops, that the server makes along with another one.
function followersOf(
  fates: FactActions,
  graph: Graph<PlanNode>,
  op: 'create' | 'drop',
): Map<PlanNode, string[]> {
  const followers = new Map<PlanNode, string[]>();
  for (const { id } of fates.all.values()) {
    if (!(op === 'create' ? fates.comes(id) : fates.goes(id))) continue;
    const leader = graph.leader(fates.node(op, id));
    if (leader !== fates.node(op, id)) pushTo(followers, leader, id);
  }
  return followers;
}

// Facts with which others go that hold data, such as a table's partitions. Their own parts are their own
// matter.
function dataTakers(fates: FactActions, followers: ReadonlyMap<PlanNode, readonly string[]>): Set<string> {
  const takers = new Set<string>();
  for (const [{ fact: id }, others] of followers) {
    const group = new Set([id, ...others]);
    const holders = others.map((other) => fates.of(other)?.from as Fact);
    if (holders.some((fact) => !group.has(fact.parent ?? '') && fates.kind(fact.id).data?.holdsData?.(fact)))
      takers.add(id);
  }
  return takers;
}

// Facts that the server creates with a new object because of other facts, and that the schema does not want.
function unwanted(fates: FactActions, bringers: readonly Fact[], created: Fact): UnsegmentedStep[] {
  return bringers.flatMap((fact) => {
    const inForce = fates.after.facts.get(fact.id) ?? fact;
    const brought = fates.kind(fact.id).inline?.brings?.(inForce, created, fates.scope) ?? [];
    return brought.filter(({ id }) => !fates.after.facts.has(id)).flatMap((extra) => remove(fates, extra));
  });
}

// An object of this plan has no rows that could be in the way, and no other session uses it.
function onNewRows(fates: FactActions, step: UnsegmentedStep): UnsegmentedStep {
  const fact = fates.of(step.fact)?.to;
  const top = fact && root(fates.after, fact);
  if (top === undefined || top.id === step.fact || fates.of(top.id)?.action !== 'create') return step;
  if (isLinkToOld(fates, fact as Fact)) return { ...step, lock: null };
  return { ...step, hazards: step.hazards.filter((hazard) => lasting.has(hazard)), lock: null };
}

// True if it links its parent to an object that is there already, whose rows may be in the way.
function isLinkToOld({ after, all }: FactActions, { id, parent }: Fact): boolean {
  return [...(after.needs.get(id)?.keys() ?? [])].some((other) => {
    const fact = after.facts.get(other);
    const isEnd = after.links.get(edgeKey(`${parent}`, other)) === id;
    return isEnd && fact !== undefined && all.get(root(after, fact).id)?.action !== 'create';
  });
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
