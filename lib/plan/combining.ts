// Subcommands of one ALTER TABLE: the server rewrites a table once for all of them, and takes one lock. They
// are put together where no dependency lies between them.
import { findStrongestLock, type Subcommand, type UnsegmentedStep } from '../model/step.ts';
import type { FactActions } from './actions.ts';
import { placeNodes } from './dependencies.ts';
import { sort } from './graph.ts';
import type { OrderedActions } from './inline-clauses.ts';
import type { PlanNode } from './node.ts';
import type { NodeGroup } from './online.ts';

type Successors = ReadonlyMap<PlanNode, ReadonlySet<PlanNode>>;

// The subcommands that can share a statement with one that depends on them, by the order in which the server
// runs them (source: AlterTablePass in tablecmds.c).
const inOrder: Readonly<Record<Subcommand['pass'], readonly Subcommand['pass'][]>> = {
  drop: ['drop', 'type', 'add', 'set'],
  type: ['add', 'set'],
  add: ['add'],
  set: [],
};

/** The steps of a plan, with subcommands of tables that are there before it put together. */
export function combineSteps(ordered: OrderedActions, groups: readonly NodeGroup[]): UnsegmentedStep[] {
  const { fates, graph } = ordered;
  const seat = placeNodes(ordered);
  const successors = new Map<PlanNode, Set<PlanNode>>(groups.map(({ node }) => [node, new Set()]));
  for (const [first, seconds] of graph.successors())
    for (const second of seconds)
      if (seat(first) !== seat(second)) successors.get(seat(first))?.add(seat(second));
  return runsOf(groups).flatMap((run) => {
    const clusters = clustersOf(run, successors, (group) => headOf(fates, group));
    return clusters.every((members) => members.length === 1)
      ? run.flatMap(({ steps }) => steps)
      : arranged(run, clusters, successors).flatMap(joined);
  });
}

// The groups that share a transaction; a statement that is committed by itself stays in its place.
function runsOf(groups: readonly NodeGroup[]): NodeGroup[][] {
  const runs: NodeGroup[][] = [];
  let isOpen = false;
  for (const group of groups) {
    const whole = group.steps.every(({ transactional }) => transactional);
    if (isOpen && whole) runs.at(-1)?.push(group);
    else runs.push([group]);
    isOpen = whole;
  }
  return runs;
}

// The command that a group is a part of; undefined: it stands alone, or its table is new.
function headOf(fates: FactActions, { steps }: NodeGroup): string | undefined {
  const [part, ...others] = partsOf({ steps });
  // The server changes the type of a column once in a statement.
  if (part?.pass === 'type' && others.some(({ pass }) => pass === 'type')) return undefined;
  const isWhole = steps.every(
    (step, at) => step.part?.head === part?.head || (step.part === undefined && at > 0),
  );
  return part !== undefined &&
    isWhole &&
    steps[0]?.part &&
    fates.before.facts.has(part.table) &&
    !fates.goes(part.table)
    ? part.head
    : undefined;
}

const partsOf = ({ steps }: Pick<NodeGroup, 'steps'>) => steps.flatMap(({ part }) => part ?? []);

function clustersOf(
  run: readonly NodeGroup[],
  successors: Successors,
  headOf: (group: NodeGroup) => string | undefined,
): NodeGroup[][] {
  const clusters: NodeGroup[][] = [];
  const clusterOf = new Map<PlanNode, NodeGroup[]>();
  const latest = new Map<string, NodeGroup[]>();
  for (const group of run) {
    const head = headOf(group);
    const cluster = head === undefined ? undefined : latest.get(head);
    if (cluster !== undefined && fits(cluster, group, successors, clusterOf)) {
      cluster.push(group);
      clusterOf.set(group.node, cluster);
      continue;
    }
    const own = [group];
    clusters.push(own);
    clusterOf.set(group.node, own);
    if (head !== undefined) latest.set(head, own);
  }
  return clusters;
}

function fits(
  cluster: readonly NodeGroup[],
  group: NodeGroup,
  successors: Successors,
  clusterOf: ReadonlyMap<PlanNode, readonly NodeGroup[]>,
): boolean {
  const ordered = cluster.every(
    (member) =>
      !successors.get(member.node)?.has(group.node) ||
      partsOf(member).every((a) => partsOf(group).every((b) => inOrder[a.pass].includes(b.pass))),
  );
  return (
    ordered &&
    !leads(cluster, [group], successors, clusterOf) &&
    !leads([group], cluster, successors, clusterOf)
  );
}

// True if a path leads from some nodes to others through a different node.
function leads(
  from: readonly NodeGroup[],
  to: readonly NodeGroup[],
  successors: Successors,
  clusterOf: ReadonlyMap<PlanNode, readonly NodeGroup[]>,
): boolean {
  const ends = new Set([...from, ...to].map(({ node }) => node));
  const goals = new Set(to.map(({ node }) => node));
  const next = (nodes: Iterable<PlanNode>) => [...nodes].flatMap((node) => [...(successors.get(node) ?? [])]);
  const found = new Set(next(from.map(({ node }) => node)).filter((node) => !ends.has(node)));
  // It grows while it is walked.
  for (const node of found)
    for (const other of next((clusterOf.get(node) ?? [{ node }]).map((one) => one.node))) {
      if (goals.has(other)) return true;
      if (!ends.has(other)) found.add(other);
    }
  return false;
}

// The clusters in an order that dependencies leave, each where its first member was if possible.
function arranged(
  run: readonly NodeGroup[],
  clusters: readonly NodeGroup[][],
  successors: Successors,
): NodeGroup[][] {
  const places = new Map(run.map(({ node }, at) => [node, at]));
  const heads = new Map(clusters.flatMap((members) => members.map(({ node }) => [node, members[0]?.node])));
  const byHead = new Map(clusters.map((members) => [members[0]?.node as PlanNode, members]));
  const among = new Map<PlanNode, Set<PlanNode>>();
  for (const [head, members] of byHead) {
    const next = members.flatMap(({ node }) => [...(successors.get(node) ?? [])]);
    const others = next.flatMap((node) => heads.get(node) ?? []).filter((node) => node !== head);
    among.set(head, new Set(others));
  }
  const place = (node: PlanNode) => places.get(node) as number;
  const { order } = sort(among, (a, b) => place(a) - place(b));
  return order.map((head) => byHead.get(head) as NodeGroup[]);
}

function joined(members: readonly NodeGroup[]): UnsegmentedStep[] {
  const steps = members.flatMap((group) => group.steps);
  const parts = steps.filter(({ part }) => part !== undefined);
  const [first] = parts;
  if (members.length === 1 || first?.part === undefined) return steps;
  const lines = parts.map(({ part }) => `  ${part?.action}`);
  const actions = new Set(parts.map(({ action }) => action));
  return [
    {
      ...first,
      sql: `${first.part.head}\n${lines.join(',\n')}`,
      action: actions.size === 1 ? first.action : 'alter',
      hazards: [...new Set(parts.flatMap(({ hazards }) => hazards))],
      lock: findStrongestLock(parts.map(({ lock }) => lock)),
      checks: parts.flatMap(({ checks = [] }) => checks),
      parts: parts.map(({ part: _, ...step }) => step),
    },
    ...steps.filter(({ part }) => part === undefined),
  ];
}
