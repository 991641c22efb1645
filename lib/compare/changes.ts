// A diff and its plan → the changes as a person counts them: what belongs to one object is one change.

import { type Catalog, getParent } from '../model/catalog.ts';
import type { Changed, Diff } from '../model/diff.ts';
import type { Fact, Json } from '../model/fact.ts';
import { nameFact, stripPublic } from '../model/fact-name.ts';
import type { Kinds } from '../model/kind.ts';
import { maskFact } from '../model/mask.ts';
import { type Step, splitCombined } from '../model/step.ts';

/** The side of the object: only in the wanted schema, only in the database, or different in both. */
export type Presence = 'missing' | 'extra' | 'different';

/** An attribute that is not the same. */
export interface AttributeChange {
  readonly name: string;
  readonly from: Json;
  readonly to: Json;
}

/** One change to one object. */
export interface ObjectChange {
  readonly standing: Presence;
  /** Kind of the object, e.g. `index`. */
  readonly kind: string;
  /** Ids of its facts, the object's own first. */
  readonly facts: readonly string[];
  /** One line for people: `INDEX idx_users_email ON users(email)`. */
  readonly text: string;
  /** The object that it is part of: `TABLE users`; null: none that exists on both sides. */
  readonly part: string | null;
  /** The changed attributes of a different object. Their secrets are masked. */
  readonly attributes: readonly AttributeChange[];
}

const verbs = { missing: 'added', extra: 'dropped', different: 'changed' } as const;

/**
 * A change from one schema to a later one, as one line: `added INDEX i ON t(a)`, `ALTER TABLE t ADD COLUMN
 * a text`.
 */
export function describeChange({ standing, text }: Pick<ObjectChange, 'standing' | 'text'>): string {
  const isStatement = /^(ALTER|CREATE|DROP|GRANT(?! ON)|REVOKE) |^(COMMENT|SECURITY LABEL) .* IS /.test(text);
  return isStatement ? text : `${verbs[standing]} ${text}`;
}

/** The input for changes. */
export interface ComparedPair {
  readonly diff: Diff;
  readonly before: Catalog;
  readonly after: Catalog;
  /** The plan from `before` to `after`. */
  readonly up: readonly Step[];
  readonly kinds: Kinds;
}

/** The changes from `before` to `after`: missing, different and extra objects. */
export function listChanges(compared: ComparedPair): ObjectChange[] {
  const { diff, before, after } = compared;
  const up = splitCombined(compared.up);
  const telling = tellingOf(compared);
  const { statements } = telling;
  // A change that only follows from its parts, such as the order of a type's attributes, is shown by them.
  const parts = new Set(up.map(({ fact }) => (after.facts.get(fact) ?? before.facts.get(fact))?.parent));
  // A fact that comes or goes without a statement, such as a column of a view, is shown by the change that it
  // is part of.
  const changed = new Set(diff.changed.map(({ to }) => to.id));
  const silent = ([first, ...inside]: FactGroup) =>
    changed.has(`${first.parent}`) && [first, ...inside].every(({ id }) => !statements.has(id));
  const [added, removed] = [groupByObject(diff.added), groupByObject(diff.removed)];
  const along = new Map<string, string[]>();
  for (const group of [...added, ...removed].filter(silent)) {
    const parent = group[0].parent as string;
    along.set(parent, [...(along.get(parent) ?? []), ...ids(group)]);
  }
  const told = (group: FactGroup) => !silent(group);
  return merged([
    ...added.filter(told).map((group) => changeAlone(telling, 'missing', group)),
    ...changedAlone(diff)
      .filter(({ to }) => statements.has(to.id) || !parts.has(to.id))
      .map((one) => changeOfBoth(telling, one, along.get(one.to.id) ?? [])),
    ...removed.filter(told).map((group) => changeAlone(telling, 'extra', group)),
  ]);
}

/** A fact with those that come or go along with it. */
type FactGroup = readonly [Fact, ...Fact[]];

/** The input for the texts of changes. */
interface Telling extends ComparedPair {
  /** The statements of each fact, on one line each. */
  readonly statements: ReadonlyMap<string, readonly string[]>;
}

function tellingOf(compared: ComparedPair): Telling {
  const statements = new Map<string, string[]>();
  for (const { fact, sql, shown = sql } of splitCombined(compared.up))
    statements.set(fact, [...(statements.get(fact) ?? []), oneLine(shown)]);
  return { ...compared, statements };
}

// Objects of one side only.
function changeAlone(telling: Telling, standing: Presence, [fact, ...inside]: FactGroup): ObjectChange {
  const { statements, kinds } = telling;
  const part = top(fact, standing === 'missing' ? telling.after : telling.before);
  const own = part === fact ? undefined : statements.get(fact.id)?.reduce(joined);
  const name = nameFact(fact, kinds);
  // A setting of an object that stays, and what has no name for people, is best told by its statement. An
  // object that is there needs no statement that drops it. A privilege does: its name tells no rights.
  const isNamed =
    kinds.get(fact.kind)?.summary !== undefined ||
    (standing === 'extra' && own !== undefined && !granting.test(own) && !isNamedAsPart(telling, fact));
  const told = own !== undefined && (partial.test(own) || !isNamed);
  return {
    // To take a restriction away gives what is missing.
    standing: told && own.startsWith('GRANT ') ? 'missing' : standing,
    kind: fact.kind,
    facts: ids([fact, ...inside]),
    text: stripPublic(told ? own : name),
    part: part === fact ? null : nameFact(part, kinds),
    attributes: [],
  };
}

// Some facts, such as the default of a domain, are named as what they are a part of.
function isNamedAsPart({ before, kinds }: Telling, fact: Fact): boolean {
  const parent = getParent(before, fact);
  return parent !== undefined && nameFact(parent, kinds) === nameFact(fact, kinds);
}

// Objects of both sides, with the parts that come and go with them.
function changeOfBoth(
  { statements, kinds, after }: Telling,
  { from, to, attributes: names }: Changed,
  along: readonly string[],
): ObjectChange {
  const told = (fact: Fact) => maskFact(fact, kinds.get(fact.kind)).payload;
  const attributes = names.map((name) => ({
    name,
    from: told(from)[name] ?? null,
    to: told(to)[name] ?? null,
  }));
  const part = top(to, after);
  const own = statements.get(to.id);
  const isReplaced = own?.some((sql) => sql.startsWith('DROP ')) === true;
  const adds = own !== undefined && !isReplaced && attributes.every((one) => isNothing(one.from));
  const text = adds ? own.reduce(joined) : `${nameFact(to, kinds)}: ${attributes.map(brief).join(', ')}`;
  return {
    standing: adds ? 'missing' : 'different',
    kind: to.kind,
    facts: [to.id, ...along],
    text: stripPublic(text),
    part: part === to && !adds ? null : nameFact(part, kinds),
    attributes,
  };
}

const ids = (facts: readonly Fact[]) => facts.map(({ id }) => id);

// The outermost object that a fact is part of.
function top(fact: Fact, catalog: Catalog): Fact {
  const parent = getParent(catalog, fact);
  return parent === undefined ? fact : top(parent, catalog);
}

/**
 * The facts of a list, each with those that come or go along with it: its children, and its heirs'
 * counterparts.
 */
export function groupByObject(facts: readonly Fact[]): [Fact, ...Fact[]][] {
  const byId = new Map(facts.map((fact) => [fact.id, fact]));
  const groups = new Map<string, [Fact, ...Fact[]]>();
  const topOf = (fact: Fact): Fact => {
    const above = [fact.parent, ...fact.origins].find((id) => id !== null && byId.has(id));
    return above ? topOf(byId.get(above) as Fact) : fact;
  };
  for (const fact of facts) if (topOf(fact) === fact) groups.set(fact.id, [fact]);
  for (const fact of facts) if (!groups.has(fact.id)) groups.get(topOf(fact).id)?.push(fact);
  return [...groups.values()];
}

// Facts that a partition inherits change with its parent.
function changedAlone({ changed }: Diff): Diff['changed'] {
  const byId = new Map(changed.map((one) => [one.to.id, one]));
  return changed.filter(
    ({ to, attributes }) =>
      !to.origins.some((id) => attributes.every((name) => byId.get(id)?.attributes.includes(name))),
  );
}

// Statements with the same start are one change.
function merged(changes: readonly ObjectChange[]): ObjectChange[] {
  const result: ObjectChange[] = [];
  const places = new Map<string, number>();
  for (const change of changes) {
    const target = partial.exec(change.text)?.[0];
    const key = target && `${change.standing} ${target}`;
    const place = key === undefined ? undefined : places.get(key);
    if (place !== undefined) {
      const before = result[place] as ObjectChange;
      result[place] = {
        ...before,
        facts: [...before.facts, ...change.facts],
        text: joined(before.text, change.text),
      };
    } else {
      if (key !== undefined) places.set(key, result.length);
      result.push(change);
    }
  }
  return result;
}

const identifier = String.raw`(?:"[^"]*"|[^\s"])+`;

// ALTER TABLE leagues ALTER COLUMN status, which changes one part of an object, or the object's settings.
const onePart = `(ALTER (?:COLUMN|ATTRIBUTE) ${identifier} )?`;
const partial = new RegExp(
  `^ALTER [A-Z ]+? ${identifier} ${onePart}(?=(SET|DROP|ADD) (?!COLUMN|CONSTRAINT))`,
);

// Joins statements with the same target; plain keywords come before clauses with a value, as in a column's
// definition. Only ALTER TABLE takes several clauses. Of privileges, each statement counts.
function joined(a: string, b: string): string {
  if (granting.test(a) && granting.test(b)) return `${a}; ${b}`;
  const target = partial.exec(a);
  if (target === null || partial.exec(b)?.[0] !== target[0]) return a;
  const [start, part = ''] = target;
  const [x = '', y = ''] = [a, b]
    .map((text) => text.slice(start.length))
    .sort((one, other) => Number(!/^[A-Z ]+$/.test(one)) - Number(!/^[A-Z ]+$/.test(other)));
  return start.startsWith('ALTER TABLE ') ? `${start}${x}, ${part}${y}` : `${start}${x}; ${start}${y}`;
}

/**
 * The text of a missing change, which names a part with its table: `ALTER TABLE leagues.status SET NOT NULL
 * DEFAULT ''`. It cannot be run.
 */
export function shortenPart(text: string): string {
  const [start, part] = partial.exec(text) ?? [];
  if (start === undefined || part === undefined) return text;
  const column = part.replace(/^ALTER \w+ | $/g, '');
  const [first = '', ...rest] = text.slice(start.length).split(`, ${part}`);
  const verb = /^\w+ /.exec(first)?.[0] ?? '';
  const others = rest.map((clause) =>
    clause.startsWith(verb) ? clause.slice(verb.length - 1) : `, ${clause}`,
  );
  return `${start.slice(0, -part.length - 1)}.${column} ${first}${others.join('')}`;
}

const granting = /^(?:ALTER DEFAULT PRIVILEGES .*)?\b(?:GRANT|REVOKE) /;

function oneLine(sql: string): string {
  return sql.replace(/\s+/g, ' ').replace(/^(ALTER [A-Z ]+?) ONLY /, '$1 ');
}

function brief({ name, from, to }: AttributeChange): string {
  const [before, after] = [showAnswer(from), showAnswer(to)];
  // Then the difference is a masked secret.
  if (before === after) return name;
  if (before.length + after.length <= 60 && !/\n/.test(before + after)) return `${name} ${before} → ${after}`;
  const items = listItemChanges(from, to);
  return items.length === 0 ? name : `${name} ${items.join(', ')}`;
}

// Of long lists, the items of one side: `+INSERT`, `-DELETE`. None where only their order differs.
function listItemChanges(from: Json, to: Json): string[] {
  if (!Array.isArray(from) || !Array.isArray(to)) return [];
  const [old, now] = [from.map(showValue), to.map(showValue)];
  const added = now.filter((item) => !old.includes(item)).map((item) => `+${item}`);
  const removed = old.filter((item) => !now.includes(item)).map((item) => `-${item}`);
  return [...added, ...removed].map((item) => item.replace(/\s+/g, ' '));
}

const showAnswer = (value: Json) => (value === false ? 'no' : showValue(value));

/** A value of a payload as people read it. */
export function showValue(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (isNothing(value)) return 'none';
  return value === true
    ? 'yes'
    : Array.isArray(value)
      ? value.map(showValue).join(', ')
      : JSON.stringify(value);
}

/** True if an attribute means that something is absent. */
export function isNothing(value: Json | undefined): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || value === false || value === '';
}
