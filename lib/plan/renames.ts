// Possible renames, and the steps for the confirmed ones.
import type { Catalog } from '../model/catalog.ts';
import { type Diff, isEqual } from '../model/diff.ts';
import { type Fact, type Json, ownName } from '../model/fact.ts';
import type { AnyKind, Kinds } from '../model/kind.ts';
import { qualify } from '../model/quote.ts';
import { listStatements, type StatementScript, type UnsegmentedStep } from '../model/step.ts';

/** One object, or one name within an object, that was dropped, and another one of its kind that was added. */
export interface Rename {
  readonly kind: string;
  /** Names from the outside in, as they are before and as they would be. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** The same for people, as the kind calls it: `COLUMN public.users.name`. */
  readonly text: string;
  /** The id of the fact that it would become, or be a part of. */
  readonly fact: string;
  readonly up: StatementScript;
  readonly down: StatementScript;
  /** The fact that it is now; null for a name within one. */
  readonly old: Fact | null;
  readonly new: Fact | null;
}

/** Both sides of a difference. */
export interface Sides {
  readonly diff: Diff;
  readonly before: Catalog;
  readonly after: Catalog;
}

// More of one kind at one place that are gone and came are no matter of names any more.
const most = 10_000;

/** All pairs of a dropped and an added object in the same place, alike or not. */
export function findPossibleRenames({ diff, before }: Sides, kinds: Kinds): Rename[] {
  const gone = groups(diff.removed.filter((fact) => !fact.origins.some((id) => before.facts.has(id))));
  const come = groups(diff.added);
  const pairs = [...gone].flatMap(([place, old]) => {
    const { rename } = kinds.get((old[0] as Fact).kind) as AnyKind;
    const fresh = come.get(place) ?? [];
    if (rename === undefined || old.length * fresh.length > most) return [];
    return old.flatMap((from) =>
      fresh.map(
        (to): Rename => ({
          kind: from.kind,
          from: from.path,
          to: to.path,
          text: textOf(from, kinds),
          fact: to.id,
          up: rename(from, to),
          down: rename(to, from),
          old: from,
          new: to,
        }),
      ),
    );
  });
  return [...pairs, ...diff.changed.flatMap((one) => within(one, kinds))];
}

// Names within an attribute: dropped and added between the same neighbours.
function within({ from, to, attributes }: Diff['changed'][number], kinds: Kinds): Rename[] {
  const { renameIn = {} } = kinds.get(to.kind) as AnyKind;
  return attributes.flatMap((attribute) => {
    const write = renameIn[attribute];
    if (write === undefined) return [];
    const [old, now] = [from.payload[attribute], to.payload[attribute]] as [string[], string[]];
    const [gone, come] = [
      old.filter((name) => !now.includes(name)),
      now.filter((name) => !old.includes(name)),
    ];
    return gone.flatMap((name) =>
      come.map((other): Rename => {
        const [there, back] = [write(to, name, other), write(to, other, name)];
        const paths = { from: [...from.path, name], to: [...to.path, other] };
        const text = `${textOf(from, kinds)} '${name}'`;
        return { kind: to.kind, ...paths, text, fact: to.id, up: there, down: back, old: null, new: null };
      }),
    );
  });
}

/** True if the two are so alike that a question is worthwhile. */
export function isAlike({ old, new: now, from, to, fact }: Rename, { before, after, diff }: Sides): boolean {
  if (old === null || now === null) return samePlace(from, to, fact, diff);
  const names = Object.keys(old.payload);
  if (!names.every((name) => similar(old.payload[name], now.payload[name]))) return false;
  const [a, b] = [inside(before, old), inside(after, now)];
  return overlap(a, b) >= 0.5;
}

/**
 * True if it only follows other renames: a name that was derived from the old name and is now derived from
 * the new one, of an otherwise equal object. An object with data follows only the object that it is linked to
 * (a serial column's sequence).
 */
export function followsOthers(
  one: Rename,
  leaders: readonly Rename[],
  { before }: Sides,
  kinds: Kinds,
): boolean {
  const { old, new: now } = one;
  if (old === null || now === null) return false;
  if (kinds.get(old.kind)?.data?.holdsData?.(old) && !leaders.some((leader) => isLinked(before, old, leader)))
    return false;
  const all = leaders.map(({ from, to }): Names => [from.at(-1) as string, to.at(-1) as string]);
  // For one of the names or, for a key of a renamed column in a renamed table, for all.
  return [all, ...all.map((names) => [names])].some((names) => {
    if (derived(nameOf(old), names) !== nameOf(now)) return false;
    const whole: Names[] = [[nameOf(old), nameOf(now)], ...names];
    return isEqual(renamedIn(old.payload, whole), renamedIn(now.payload, whole));
  });
}

/** A name before and after. */
type Names = readonly [from: string, to: string];

/** The steps of renames, each way: back they run in reverse. */
export function planRenames(renames: readonly Rename[], way: 'up' | 'down'): UnsegmentedStep[] {
  return (way === 'up' ? renames : [...renames].reverse()).flatMap((one) =>
    listStatements(one[way]).map(({ sql, hazards = [], lock = null, transactional = true }) => {
      return { sql, action: 'alter' as const, kind: one.kind, fact: one.fact, hazards, lock, transactional };
    }),
  );
}

function groups(facts: readonly Fact[]): Map<string, Fact[]> {
  const found = new Map<string, Fact[]>();
  for (const fact of facts) {
    const key = `${fact.kind}\n${qualify(fact.path.slice(0, -1))}\n${fact.signature}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, [fact]);
    else known.push(fact);
  }
  return found;
}

function textOf(fact: Fact, kinds: Kinds): string {
  return kinds.get(fact.kind)?.reference(fact) ?? fact.id;
}

function samePlace(from: readonly string[], to: readonly string[], fact: string, { changed }: Diff): boolean {
  const one = changed.find((other) => other.to.id === fact);
  return (one?.attributes ?? []).some((attribute) => {
    const [old, now] = [one?.from.payload[attribute], one?.to.payload[attribute]];
    if (!Array.isArray(old) || !Array.isArray(now)) return false;
    const at = old.indexOf(from.at(-1) as string);
    return at >= 0 && at === now.indexOf(to.at(-1) as string);
  });
}

// Texts are similar where most of their words are the same, such as types that differ in their length.
function similar(a: Json | undefined, b: Json | undefined): boolean {
  if (isEqual(a, b)) return true;
  const texts = [a, b].map((value) => (Array.isArray(value) ? value.join(' ') : value));
  if (typeof texts[0] !== 'string' || typeof texts[1] !== 'string') return false;
  return overlap(wordsOf(texts[0]), wordsOf(texts[1])) >= 0.5;
}

const wordsOf = (text: string) => new Set(text.match(/\w+|[^\w\s]/g));

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = new Set([...a, ...b]).size;
  return all === 0 ? 1 : [...a].filter((one) => b.has(one)).length / all;
}

const indexes = new WeakMap<Catalog, Map<string, Set<string>>>();

// The facts under a path, by kind and the rest of their path.
function inside(catalog: Catalog, { path }: Fact): ReadonlySet<string> {
  let index = indexes.get(catalog);
  if (index === undefined) {
    index = new Map();
    for (const { kind, path: own } of catalog.facts.values())
      for (let length = 1; length < own.length; length++) {
        const key = qualify(own.slice(0, length));
        const known = index.get(key) ?? new Set();
        index.set(key, known.add(`${kind}:${qualify(own.slice(length))}`));
      }
    indexes.set(catalog, index);
  }
  return index.get(qualify(path)) ?? new Set();
}

const nameOf = ({ path }: Fact) => ownName(path);

// A text in which other names stand between words: users_email_key.
function derived(text: string, names: readonly Names[]): string {
  return names.reduce((done, [from, to]) => {
    const escaped = from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return done.replace(new RegExp(`(?<![a-zA-Z0-9])${escaped}(?![a-zA-Z0-9])`, 'g'), () => to);
  }, text);
}

// A payload with names in the places of others, however they are quoted.
function renamedIn(value: Json, names: readonly Names[]): Json {
  if (typeof value === 'string') return derived(value, names);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => renamedIn(inner, names));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, renamedIn(inner, names)]));
}

function isLinked({ links }: Catalog, { id }: Fact, { from, to }: Rename): boolean {
  const under = (other: string) =>
    [from, to].some((path) => {
      const name = `:${qualify(path)}`;
      return other.endsWith(name) || other.includes(`${name}.`);
    });
  return [...links.keys()].some((key) => {
    const [dependent = '', referenced = ''] = key.split('\n');
    return dependent === id && under(referenced);
  });
}
