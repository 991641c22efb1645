// A plan's order for people: what belongs together stands together, as far as needs allow.
import { parentOf } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { Fates } from './actions.ts';
import { node } from './node.ts';

/** How somebody wants to read a plan. */
export interface Reading {
  /** Which of two facts is told first, where nothing else decides it. */
  compare(a: Fact, b: Fact): number;
  /** The id of the fact that this one follows at once, when it can: a comment its table; its own where it stands alone. */
  head(fact: Fact): string;
  /** Which fact's text names which other one: that one is told first, where nothing is against it. */
  readonly mentions: readonly (readonly [fact: string, named: string])[];
}

/** What texts name is wished for before them; what is text itself last given up, for it may run at once. */
export function namedFirst(
  fates: Fates,
  { mentions }: Reading,
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
 * What the parts of a whole need is wished for before the whole, so that its statement can carry them: tables come after
 * those that they refer to.
 */
export function partsFirst(fates: Fates): [first: string, second: string][] {
  const inside = (fact: Fact | undefined, whole: string): boolean =>
    fact !== undefined && (fact.id === whole || inside(parentOf(fates.after, fact), whole));
  return [...fates.all.values()].flatMap(({ id, to }) => {
    const whole = to?.parent ?? null;
    if (whole === null || !fates.comes(id) || !fates.comes(whole) || fates.kind(id).clause === undefined)
      return [];
    return [...(fates.after.needs.get(id)?.keys() ?? [])]
      .filter((needed) => fates.comes(needed) && !inside(fates.after.facts.get(needed), whole))
      .map((needed): [string, string] => [node('create', needed), node('create', whole)]);
  });
}

/** The nodes in an order for reading: each after what it needs, and what follows it right behind. */
export function arranged(
  successors: ReadonlyMap<string, ReadonlySet<string>>,
  fates: Fates,
  { compare, head }: Reading,
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
