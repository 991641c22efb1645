// Ways that nobody has to wait for: which facts take them, and what they put off. Their statements are committed one by one,
// so that what needs them comes in a later transaction, and what does not in an earlier one.
import { type Catalog, parentOf } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Scope } from '../model/kind.ts';
import { type Statement, type StatementScript, statementsOf, type UnsegmentedStep } from '../model/step.ts';
import { type Fate, type Fates, push } from './actions.ts';
import { seats } from './dependencies.ts';
import type { Graph } from './graph.ts';
import type { Folded } from './inline-clauses.ts';

/** The steps of one node of the plan's graph. */
export interface Group {
  readonly name: string;
  readonly steps: readonly UnsegmentedStep[];
}

/**
 * How a fact is dropped or made online; null: plainly. One that is made anew is exchanged where it would be made.
 * @param show what a fact passes through before its kind writes of it
 */
export function onlineScript(
  fates: Fates,
  deed: 'drop' | 'create',
  { id, action, from, to }: Fate,
  scope: Scope,
  show: (fact: Fact) => Fact,
): Statement[] | null {
  const ways = scope.online ? fates.kind(id).online : undefined;
  if (ways === undefined || !(staysPut(fates, id) || completesWhatStays(fates, id))) return null;
  if (action === 'replace') {
    if (!isExchangeable(fates, id)) return null;
    const script = alone(ways.replace?.(show(from as Fact), show(to as Fact), scope));
    return deed === 'drop' && script !== null ? [] : script;
  }
  return alone(
    deed === 'drop' ? ways.drop?.(show(from as Fact), scope) : ways.create?.(show(to as Fact), scope),
  );
}

/** How an attribute is altered online; null: plainly. */
export function onlineChange(
  fates: Fates,
  attribute: string,
  from: Fact,
  to: Fact,
  scope: Scope,
): Statement[] | null {
  const change = scope.online ? fates.kind(to.id).online?.alter?.[attribute] : undefined;
  return change === undefined || !staysPut(fates, to.id) ? null : alone(change(from, to, scope));
}

function alone(script: StatementScript | null | undefined): Statement[] | null {
  return script == null
    ? null
    : statementsOf(script).map((statement) => ({ ...statement, transactional: false }));
}

// Whether what the fact is part of is there throughout: what is new has no rows that anybody could wait for.
function staysPut(fates: Fates, id: string): boolean {
  const tops = [fates.before, fates.after].flatMap((catalog) => top(catalog, catalog.facts.get(id)) ?? []);
  return tops.every((other) => other.id !== id && !fates.goes(other.id) && !fates.comes(other.id));
}

// What is of use only when it is complete is made, and goes, with all that completes it.
function completesWhatStays(fates: Fates, id: string): boolean {
  const needed = fates.kind(id).completes ? fates.after.needs.get(id) : undefined;
  return [...(needed?.keys() ?? [])].some((other) => staysPut(fates, other));
}

function top(catalog: Catalog, fact: Fact | undefined): Fact | undefined {
  const parent = fact && parentOf(catalog, fact);
  return parent === undefined ? fact : top(catalog, parent);
}

// Whether the old one can stay until the new one is there: it does not go by itself, nothing that it needs changes, and nothing
// has to be taken off it.
function isExchangeable(fates: Fates, id: string): boolean {
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
 * Puts off what is done online, and what needs that, behind everything that does not: transactions and what is committed by
 * itself take turns, as few as there can be. Within each, the order stays.
 */
export function staged(fates: Fates, graph: Graph, folded: Folded, groups: readonly Group[]): Group[] {
  const seat = seats(graph, folded);
  const waits = new Map<string, string[]>();
  for (const [first, seconds] of graph.successors())
    for (const second of seconds) if (seat(first) !== seat(second)) push(waits, seat(second), seat(first));
  const stages = new Map<string, number>();
  // What cannot be in a transaction for another reason keeps its place among all others.
  let floor = 0;
  const turns = groups.map((group) => {
    const { name, steps } = group;
    const whole = steps.every(({ transactional }) => transactional);
    const online = !whole && fates.kind(name.slice(name.indexOf(' ') + 1)).online !== undefined;
    const firsts = seat(name) === name ? (waits.get(name) ?? []) : [seat(name)];
    const before = firsts.map((first) => stages.get(first) ?? 0);
    const earliest = before.reduce((a, b) => Math.max(a, b), floor);
    // Transactions are even.
    const stage = steps.length === 0 || (earliest % 2 === 0) === whole ? earliest : earliest + 1;
    stages.set(name, stage);
    if (!whole && !online) floor = stage;
    return {
      stage,
      group: online ? { name, steps: steps.map((step) => ({ ...step, transactional: false })) } : group,
    };
  });
  return turns.sort((a, b) => a.stage - b.stage).map(({ group }) => group);
}
