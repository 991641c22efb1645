// The objects that differ between two states, by the names that COMMENT ON has for them.
import type { ObjectChange } from '../compare/changes.ts';
import type { DescribedRelation, ObjectPath } from '../describe/description.ts';
import { kinds } from '../kinds/index.ts';
import { type Catalog, getParent } from '../model/catalog.ts';
import type { Difference } from '../model/diff.ts';
import type { Fact } from '../model/fact.ts';
import { qualify, quote } from '../model/quote.ts';

/** The name of an object in COMMENT ON: `COLUMN public.users.email`. */
export type ObjectName = string;

const nameOf = (fact: Fact): ObjectName => kinds.get(fact.kind)?.reference(fact) ?? fact.id;

/** A fact with those above it: the column of a default, and its table. */
function withParents(fact: Fact | undefined, catalog: Catalog): Fact[] {
  return fact === undefined ? [] : [fact, ...withParents(getParent(catalog, fact), catalog)];
}

/** The objects that come, go or change, and those that they are parts of. */
export function listTouched({ diff, before, after }: Difference): ReadonlySet<ObjectName> {
  const facts = [
    ...diff.removed.flatMap((fact) => withParents(fact, before)),
    ...[...diff.added, ...diff.changed.map(({ to }) => to)].flatMap((fact) => withParents(fact, after)),
  ];
  return new Set(facts.map(nameOf));
}

/** The object that a change is a part of at last: its table, or itself. */
export function findOwner(
  change: ObjectChange,
  { before, after }: Pick<Difference, 'before' | 'after'>,
): ObjectName {
  const [id = ''] = change.facts;
  const catalog = after.facts.has(id) ? after : before;
  const top = withParents(catalog.facts.get(id), catalog).at(-1);
  return top === undefined ? id : nameOf(top);
}

const words = {
  table: 'TABLE',
  'foreign table': 'FOREIGN TABLE',
  view: 'VIEW',
  'materialized view': 'MATERIALIZED VIEW',
} as const;

/** The name of a relation. */
export function nameRelation({ sort, path }: Pick<DescribedRelation, 'sort' | 'path'>): ObjectName {
  return `${words[sort]} ${qualify(path)}`;
}

/** The name of a column. */
export function nameColumn(path: ObjectPath, name: string): ObjectName {
  return `COLUMN ${qualify([...path, name])}`;
}

/** The name of a part that belongs to a table alone. */
export function namePart(
  word: 'CONSTRAINT' | 'TRIGGER' | 'POLICY',
  name: string,
  path: ObjectPath,
): ObjectName {
  return `${word} ${quote(name)} ON ${qualify(path)}`;
}

/** The name of an index, which is in the schema of its table. */
export function nameIndex([schema]: ObjectPath, name: string): ObjectName {
  return `INDEX ${qualify([schema, name])}`;
}
