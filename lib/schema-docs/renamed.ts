// A description with the names that confirmed renames give.
import type { DescribedRelation, Description, ObjectPath } from '../describe/description.ts';
import { qualify } from '../model/quote.ts';
import type { Rename } from '../plan/renames.ts';
import { keyOf } from './picture.ts';
import { nameColumn, nameRelation, type ObjectName } from './touched.ts';

/** The names of a rename, and the object in the words of its kind. */
type Naming = Pick<Rename, 'text' | 'from' | 'to'>;

/** A description after renames, and the earlier names of its relations and columns. */
export interface RenamedDescription {
  readonly description: Description;
  readonly renamed: ReadonlyMap<ObjectName, string>;
  /** The same objects, and the tables of the columns. */
  readonly touched: ReadonlySet<ObjectName>;
}

/** Renames relations, their columns, and schemas. Other objects have no place in pictures. */
export function renameDescription(description: Description, renames: readonly Naming[]): RenamedDescription {
  const renamed = new Map<ObjectName, string>();
  const touched = new Set<ObjectName>();
  const note = (name: ObjectName, earlier: string, relation: DescribedRelation) => {
    renamed.set(name, earlier);
    touched.add(name).add(nameRelation(relation));
  };
  let { relations } = description;
  for (const rename of renames) {
    const earlier = rename.from.at(-1) as string;
    const isWhole = rename.from.length < 3;
    if (isWhole && !movesRelations(rename, relations)) continue;
    relations = relations.map((relation) => {
      const now = isWhole ? renameRelation(relation, rename) : renameColumn(relation, rename);
      if (isWhole && nameRelation(relation) === rename.text) note(nameRelation(now), earlier, now);
      else if (!isWhole && now !== relation)
        note(nameColumn(now.path, rename.to.at(-1) as string), earlier, now);
      return now;
    });
  }
  return { description: { ...description, relations }, renamed, touched };
}

// A function or a foreign server can have the name of a table or a schema.
const movesRelations = ({ text, from }: Naming, relations: readonly DescribedRelation[]) =>
  from.length === 1
    ? text === `SCHEMA ${qualify(from)}`
    : relations.some((relation) => nameRelation(relation) === text);

function renameRelation(relation: DescribedRelation, { from, to }: Naming): DescribedRelation {
  const move = (path: ObjectPath): ObjectPath => {
    if (from.length === 1) return path[0] === from[0] ? [to[0] as string, path[1]] : path;
    return keyOf(path) === keyOf(from) ? (to as readonly string[] as ObjectPath) : path;
  };
  const { path, partitionOf, constraints } = relation;
  return {
    ...relation,
    path: move(path),
    partitionOf: partitionOf && move(partitionOf),
    constraints: constraints.map((one) => ({ ...one, references: one.references && move(one.references) })),
  };
}

function renameColumn(relation: DescribedRelation, { text, from, to }: Naming): DescribedRelation {
  const { path, columns, constraints } = relation;
  const [old, now] = [from.at(-1) as string, to.at(-1) as string];
  if (keyOf(path) !== keyOf(from.slice(0, 2)) || text !== nameColumn(path, old)) return relation;
  const move = (name: string) => (name === old ? now : name);
  return {
    ...relation,
    columns: columns.map((column) => ({ ...column, name: move(column.name) })),
    constraints: constraints.map((one) => ({ ...one, columns: one.columns.map(move) })),
  };
}
