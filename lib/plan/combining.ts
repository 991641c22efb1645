// Subcommands of one ALTER TABLE: the server rewrites a table once for all of them, and takes one lock. They
// are put together where no dependency lies between them.
import { findStrongestLock, type Subcommand, type UnsegmentedStep } from '../model/step.ts';
import type { FactActions } from './actions.ts';
import { placeNodes } from './dependencies.ts';
import { type Graph, sort } from './graph.ts';
import type { InlinedClauses } from './inline-clauses.ts';
import type { NodeGroup } from './online.ts';

type Successors = ReadonlyMap<string, ReadonlySet<string>>;

// The subcommands that can share a statement with one that depends on them, by the order in which the server
// runs them (source: AlterTablePass in tablecmds.c).
const inOrder: Readonly<Record<Subcommand['pass'], readonly Subcommand['pass'][]>> = {
  drop: ['drop', 'type', 'add', 'set'],
  type: ['add', 'set'],
  add: ['add'],
  set: [],
};

/** The steps of a plan, with subcommands of tables that are there before it put together. */
export function combineSteps(
  fates: FactActions,
  graph: Graph,
  folded: InlinedClauses,
  groups: readonly NodeGroup[],
): UnsegmentedStep[] {
  const seat = placeNodes(graph, folded);
  const successors = new Map<string, Set<string>>(groups.map(({ name }) => [name, new Set()]));
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
  const clusterOf = new Map<string, NodeGroup[]>();
  const latest = new Map<string, NodeGroup[]>();
  for (const group of run) {
    const head = headOf(group);
    const cluster = head === undefined ? undefined : latest.get(head);
    if (cluster !== undefined && fits(cluster, group, successors, clusterOf)) {
      cluster.push(group);
      clusterOf.set(group.name, cluster);
      continue;
    }
    const own = [group];
    clusters.push(own);
    clusterOf.set(group.name, own);
    if (head !== undefined) latest.set(head, own);
  }
  return clusters;
}

function fits(
  cluster: readonly NodeGroup[],
  group: NodeGroup,
  successors: Successors,
  clusterOf: ReadonlyMap<string, readonly NodeGroup[]>,
): boolean {
  const ordered = cluster.every(
    (member) =>
      !successors.get(member.name)?.has(group.name) ||
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
  clusterOf: ReadonlyMap<string, readonly NodeGroup[]>,
): boolean {
  const ends = new Set([...from, ...to].map(({ name }) => name));
  const goals = new Set(to.map(({ name }) => name));
  const next = (names: Iterable<string>) => [...names].flatMap((name) => [...(successors.get(name) ?? [])]);
  const found = new Set(next(from.map(({ name }) => name)).filter((name) => !ends.has(name)));
  // It grows while it is walked.
  for (const name of found)
    for (const other of next((clusterOf.get(name) ?? [{ name }]).map((one) => one.name))) {
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
  const places = new Map(run.map(({ name }, at) => [name, at]));
  const heads = new Map(clusters.flatMap((members) => members.map(({ name }) => [name, members[0]?.name])));
  const byHead = new Map(clusters.map((members) => [members[0]?.name as string, members]));
  const among = new Map<string, Set<string>>();
  for (const [head, members] of byHead) {
    const next = members.flatMap(({ name }) => [...(successors.get(name) ?? [])]);
    const others = next.flatMap((name) => heads.get(name) ?? []).filter((name) => name !== head);
    among.set(head, new Set(others));
  }
  const place = (name: string) => places.get(name) as number;
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
