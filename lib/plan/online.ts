// Online ways: which facts take them, and which steps they defer. Their statements are committed one by one,
// so steps that depend on them come in a later transaction, and all others in an earlier one.
import { type Catalog, getParent } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';
import { listStatements, type Statement, type StatementScript, type UnsegmentedStep } from '../model/step.ts';
import type { FactAction, FactActions } from './actions.ts';
import { placeNodes } from './dependencies.ts';
import type { OrderedActions } from './inline-clauses.ts';
import { pushTo } from './lists.ts';
import type { PlanNode } from './node.ts';

/** The steps of one node of the plan's graph. */
export interface NodeGroup {
  readonly node: PlanNode;
  readonly steps: readonly UnsegmentedStep[];
}

/**
 * The online way to drop or create a fact; null: it takes the plain way. A replaced one is exchanged where it
 * is created.
 * @param manner `show` is applied to a fact before its kind writes SQL for it
 */
export function writeOnline(
  fates: FactActions,
  op: 'drop' | 'create',
  { id, action, from, to }: FactAction,
  { scope, show }: { readonly scope: Scope; readonly show: (fact: Fact) => Fact },
): Statement[] | null {
  const ways = scope.online ? fates.kind(id).online : undefined;
  if (ways === undefined || !(staysPut(fates, id) || completesWhatStays(fates, id))) return null;
  if (action === 'replace') {
    if (!isExchangeable(fates, id)) return null;
    const script = alone(ways.replace?.(show(from as Fact), show(to as Fact), scope));
    return op === 'drop' && script !== null ? [] : script;
  }
  return alone(
    op === 'drop' ? ways.drop?.(show(from as Fact), scope) : ways.create?.(show(to as Fact), scope),
  );
}

/** The online way to alter an attribute; null: it takes the plain way. */
export function writeOnlineChange(
  fates: FactActions,
  attribute: string,
  from: Fact,
  to: Fact,
): Statement[] | null {
  const { scope } = fates;
  const change = scope.online ? fates.kind(to.id).online?.alter?.[attribute] : undefined;
  return change === undefined || !staysPut(fates, to.id) ? null : alone(change(from, to, scope));
}

function alone(script: StatementScript | null | undefined): Statement[] | null {
  return script == null
    ? null
    : listStatements(script).map((statement) => ({ ...statement, transactional: false }));
}

// True if the fact's parent exists throughout: a new one has no rows that another session could use.
function staysPut(fates: FactActions, id: string): boolean {
  const tops = [fates.before, fates.after].flatMap((catalog) => top(catalog, catalog.facts.get(id)) ?? []);
  return tops.every((other) => other.id !== id && !fates.goes(other.id) && !fates.comes(other.id));
}

// A fact that is useful only when complete is created and dropped with all that completes it.
function completesWhatStays(fates: FactActions, id: string): boolean {
  const needed = fates.kind(id).order?.completes ? fates.after.needs.get(id) : undefined;
  return [...(needed?.keys() ?? [])].some((other) => staysPut(fates, other));
}

function top(catalog: Catalog, fact: Fact | undefined): Fact | undefined {
  const parent = fact && getParent(catalog, fact);
  return parent === undefined ? fact : top(catalog, parent);
}

// True if the old one can stay until the new one exists: it is not dropped alone, none of its dependencies
// changes, and nothing must be taken off it.
function isExchangeable(fates: FactActions, id: string): boolean {
  const { needs, dies } = fates.before;
  return (
    [...(dies.get(id) ?? [])].every((other) => !fates.goes(other)) &&
    [...(needs.get(id)?.keys() ?? [])].every((other) => other === id || fates.of(other) === undefined) &&
    [...fates.all.keys()].every(
      (other) =>
        other === id || !fates.goes(other) || !needs.get(other)?.has(id) || dies.get(other)?.has(id) === true,
    )
  );
}

/**
 * Defers online steps, and those that depend on them, behind all others. Transactions and statements that are
 * committed by themselves alternate, as rarely as possible. Within each, the order stays.
 */
export function deferOnline(ordered: OrderedActions, groups: readonly NodeGroup[]): NodeGroup[] {
  const { fates, graph } = ordered;
  const seat = placeNodes(ordered);
  const waits = new Map<PlanNode, PlanNode[]>();
  for (const [first, seconds] of graph.successors())
    for (const second of seconds) if (seat(first) !== seat(second)) pushTo(waits, seat(second), seat(first));
  const stages = new Map<PlanNode, number>();
  // A step that cannot run in a transaction for another reason keeps its place among all others.
  let floor = 0;
  const turns = groups.map((group) => {
    const { node, steps } = group;
    const whole = steps.every(({ transactional }) => transactional);
    const online = !whole && fates.kind(node.fact).online !== undefined;
    const firsts = seat(node) === node ? (waits.get(node) ?? []) : [seat(node)];
    const before = firsts.map((first) => stages.get(first) ?? 0);
    const earliest = before.reduce((a, b) => Math.max(a, b), floor);
    // Transactions are even.
    const stage = steps.length === 0 || (earliest % 2 === 0) === whole ? earliest : earliest + 1;
    stages.set(node, stage);
    if (!whole && !online) floor = stage;
    return {
      stage,
      group: online ? { node, steps: steps.map((step) => ({ ...step, transactional: false })) } : group,
    };
  });
  return turns.sort((a, b) => a.stage - b.stage).map(({ group }) => group);
}
