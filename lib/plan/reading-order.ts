// An order of a plan for people: related objects stand together, if their dependencies allow it.
import { getParent } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { FactActions } from './actions.ts';
import { node } from './node.ts';

/** The wanted reading order of a plan. */
export interface ReadingOrder {
  /** The order of two facts if nothing else decides it. */
  compare(a: Fact, b: Fact): number;
  /**
   * The id of the fact that this one follows at once, when it can: a comment its table; its own where it
   * stands alone.
   */
  head(fact: Fact): string;
  /** Pairs of facts where the text of one names the other: the named one comes first, if possible. */
  readonly mentions: readonly (readonly [fact: string, named: string])[];
}

/**
 * Named objects should come before the texts that name them. For texts that may run at once, this wish is
 * given up last.
 */
export function orderNamedFirst(
  fates: FactActions,
  { mentions }: ReadingOrder,
): { readonly weak: [string, string][]; readonly strong: [string, string][] } {
  const wishes = mentions
    .filter(([id, named]) => id !== named && fates.comes(id) && fates.comes(named))
    .map(([id, named]) => ({
      wish: [node('create', named), node('create', id)] as [string, string],
      isText: fates.kind(named).opaque !== undefined,
    }));
  const chosen = (text: boolean) => wishes.filter(({ isText }) => isText === text).map(({ wish }) => wish);
  return { weak: chosen(false), strong: chosen(true) };
}

/**
 * Dependencies of the parts of an object should come before the object, so that its statement can contain the
 * parts: tables come after the tables that they refer to.
 */
export function orderPartsFirst(fates: FactActions): [first: string, second: string][] {
  const inside = (fact: Fact | undefined, whole: string): boolean =>
    fact !== undefined && (fact.id === whole || inside(getParent(fates.after, fact), whole));
  return [...fates.all.values()].flatMap(({ id, to }) => {
    const whole = to?.parent ?? null;
    if (
      whole === null ||
      !fates.comes(id) ||
      !fates.comes(whole) ||
      fates.kind(id).inline?.clause === undefined
    )
      return [];
    return [...(fates.after.needs.get(id)?.keys() ?? [])]
      .filter((needed) => fates.comes(needed) && !inside(fates.after.facts.get(needed), whole))
      .map((needed): [string, string] => [node('create', needed), node('create', whole)]);
  });
}

/** The nodes in reading order: each after its dependencies, directly followed by what belongs to it. */
export function arrangeForReading(
  successors: ReadonlyMap<string, ReadonlySet<string>>,
  fates: FactActions,
  { compare, head }: ReadingOrder,
): string[] {
  const idOf = (name: string) => name.slice(name.indexOf(' ') + 1);
  const factOf = (name: string): Fact => {
    const fate = fates.of(idOf(name));
    return (fate?.to ?? fate?.from) as Fact;
  };
  const inOrder = (names: Iterable<string>) =>
    [...names].sort((a, b) => compare(factOf(a), factOf(b)) || (a < b ? -1 : 1));
  const needed = new Map<string, Set<string>>();
  const followers = new Map<string, string[]>();
  for (const [name, next] of successors) {
    for (const other of next) needed.set(other, (needed.get(other) ?? new Set()).add(name));
    const leader = head(factOf(name));
    followers.set(leader, [...(followers.get(leader) ?? []), name]);
  }
  const order: string[] = [];
  const done = new Set<string>();
  const told = new Set<string>();
  const isReady = (name: string) =>
    !done.has(name) && [...(needed.get(name) ?? [])].every((other) => done.has(other));
  const emit = (name: string): void => {
    order.push(name);
    done.add(name);
    told.add(idOf(name));
    const late = [...(successors.get(name) ?? [])].filter((other) => told.has(head(factOf(other))));
    for (const other of inOrder(new Set([...(followers.get(idOf(name)) ?? []), ...late])))
      if (isReady(other)) emit(other);
  };
  const visit = (name: string): void => {
    if (done.has(name)) return;
    for (const other of inOrder(needed.get(name) ?? [])) visit(other);
    if (!done.has(name)) emit(name);
  };
  for (const name of inOrder(successors.keys())) visit(name);
  return order;
}
