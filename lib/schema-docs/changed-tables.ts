// The tables of a picture of two states: what changed, and what the changed tables reference.
import type { DescribedRelation, Description } from '../describe/description.ts';
import {
  chooseLines,
  keyOf,
  listColumns,
  listDrawn,
  listReferences,
  type Mark,
  type PictureLine,
  type PictureReference,
  type PictureTable,
} from './picture.ts';
import { asContext } from './split.ts';
import { nameColumn, nameIndex, namePart, nameRelation, type ObjectName } from './touched.ts';

/** Two states, and the objects that differ. */
export interface StatePair {
  readonly before: Description;
  readonly after: Description;
  readonly touched: ReadonlySet<ObjectName>;
  /** The earlier names of renamed tables and columns. In `before` they have their new ones. */
  readonly renamed: ReadonlyMap<ObjectName, string>;
}

// A column that did not change says little beside those that did.
const mostLines = 16;

/** The tables that differ, and those that they reference. */
export function changedTables(given: StatePair): PictureTable[] {
  const pair = withPartitioned(given);
  const [before, after] = [mapDrawn(pair.before), mapDrawn(pair.after)];
  const keys = [...new Set([...after.keys(), ...before.keys()])].sort();
  const changed = keys.flatMap((key) => {
    const [old, now] = [before.get(key), after.get(key)];
    const table = now ?? old;
    if (table === undefined) return [];
    const mark = markOf(pair, nameRelation(table), [old, now]);
    return mark === null ? [] : [mergeTable(pair, mark, [old, now])];
  });
  const own = new Set(changed.map(({ path }) => keyOf(path)));
  const others = new Set(changed.flatMap(({ references }) => references.map(({ to }) => keyOf(to))));
  const context = [...others].sort().flatMap((key) => {
    const relation = own.has(key) ? undefined : (after.get(key) ?? before.get(key));
    return relation === undefined ? [] : [asContext(plainTable(relation))];
  });
  return [...context, ...changed];
}

// A partition has no place of its own: its table shows that it comes or goes.
function withPartitioned(pair: StatePair): StatePair {
  const touched = new Set(pair.touched);
  const sides = [pair.before, pair.after].map(
    ({ relations }) => new Map(relations.map(({ path, partitionOf }) => [keyOf(path), partitionOf])),
  );
  for (const { relations } of [pair.before, pair.after])
    for (const relation of relations) {
      const isOnBoth = sides.every((side) => side.has(keyOf(relation.path)));
      if (isOnBoth || !touched.has(nameRelation(relation)) || relation.partitionOf === null) continue;
      touched.add(nameRelation({ sort: 'table', path: relation.partitionOf }));
    }
  return { ...pair, touched };
}

const mapDrawn = (description: Description) =>
  new Map(listDrawn(description).map((relation) => [keyOf(relation.path), relation]));

type Sides<T> = readonly [old: T | undefined, now: T | undefined];

// The comparison says that an object differs; the two states say whether it comes or goes.
function markOf({ touched }: StatePair, name: ObjectName, [old, now]: Sides<unknown>): Mark | null {
  if (!touched.has(name)) return null;
  if (old === undefined) return 'added';
  return now === undefined ? 'removed' : 'changed';
}

function plainTable(relation: DescribedRelation): PictureTable {
  const { path, comment } = relation;
  const lines = listColumns(relation);
  return {
    path,
    title: path.join('.'),
    comment,
    lines,
    omitted: 0,
    references: listReferences(relation),
    mark: null,
    isContext: false,
  };
}

function mergeTable(pair: StatePair, mark: Mark, [old, now]: Sides<DescribedRelation>): PictureTable {
  const table = plainTable((now ?? old) as DescribedRelation);
  // Of a table that is new or gone, the title says it for all that it has.
  if (old === undefined || now === undefined)
    return {
      ...table,
      ...chooseLines(table.lines, mostLines),
      references: table.references.map((reference) => ({ ...reference, mark })),
      mark,
    };
  const lines = [...mergeColumns(pair, old, now), ...mergeParts(pair, old, now)];
  const earlier = pair.renamed.get(nameRelation(now));
  return {
    ...table,
    ...(earlier !== undefined && { title: `${now.path[0]}.${earlier} → ${table.title}` }),
    ...chooseLines(lines, mostLines),
    references: mergeReferences(pair, old, now),
    mark,
  };
}

function mergeColumns(pair: StatePair, old: DescribedRelation, now: DescribedRelation): PictureLine[] {
  const line = (one: PictureLine | undefined, other: PictureLine | undefined): PictureLine => {
    const shown = (other ?? one) as PictureLine;
    const name = nameColumn(now.path, shown.name);
    const mark = markOf(pair, name, [one, other]);
    const earlier = pair.renamed.get(name);
    const type =
      mark === 'changed' && one && one.type !== shown.type ? `${one.type} → ${shown.type}` : shown.type;
    return { ...shown, type, mark, ...(earlier !== undefined && { name: `${earlier} → ${shown.name}` }) };
  };
  return mergeByName(listColumns(old), listColumns(now)).map(([one, other]) => line(one, other));
}

interface Named {
  readonly name: string;
}

/** The members of two lists in the order of the second; what is gone stands after what was before it. */
function mergeByName<T extends Named>(old: readonly T[], now: readonly T[]): Sides<T>[] {
  const known = new Map(old.map((one) => [one.name, one]));
  const stays = new Set(now.map(({ name }) => name));
  const merged: Sides<T>[] = now.map((one) => [known.get(one.name), one]);
  for (const [at, one] of old.entries()) {
    if (stays.has(one.name)) continue;
    const earlier = new Set(old.slice(0, at).map(({ name }) => name));
    const place = merged.findLastIndex(([a, b]) => earlier.has((b ?? a)?.name as string) && a !== undefined);
    merged.splice(place + 1, 0, [one, undefined]);
  }
  return merged;
}

interface Part extends Named {
  readonly object: ObjectName;
  readonly label: string;
  /** The word for it in a picture. */
  readonly word: string;
}

function mergeParts(pair: StatePair, old: DescribedRelation, now: DescribedRelation): PictureLine[] {
  return mergeByName(listParts(old, pair.before), listParts(now, pair.after)).flatMap(([one, other]) => {
    const { object, label, word } = (other ?? one) as Part;
    const mark = markOf(pair, object, [one, other]);
    // Partitions change along with their table.
    if (mark === null || (word === partition && mark === 'changed')) return [];
    return [{ name: label, type: word, isKey: false, isReference: false, mark }];
  });
}

const partition = 'partition';

const constraintWords = {
  primary: 'primary key',
  unique: 'unique',
  exclusion: 'exclusion',
  check: 'check',
  foreign: 'foreign key',
} as const;

function listParts(relation: DescribedRelation, { relations }: Description): Part[] {
  const { path, constraints, indexes, triggers, policies } = relation;
  // The name of the object tells parts of different sorts apart.
  const part = (word: string, label: string, object: ObjectName): Part => ({
    name: object,
    word,
    label,
    object,
  });
  const isOwn = ({ partitionOf }: DescribedRelation) =>
    partitionOf !== null && keyOf(partitionOf) === keyOf(path);
  return [
    ...constraints.map(({ name, sort }) =>
      part(constraintWords[sort], name, namePart('CONSTRAINT', name, path)),
    ),
    ...indexes.map(({ name }) => part('index', name, nameIndex(path, name))),
    ...triggers.map(({ name }) => part('trigger', name, namePart('TRIGGER', name, path))),
    ...policies.map(({ name }) => part('policy', name, namePart('POLICY', name, path))),
    ...relations.filter(isOwn).map((one) => part(partition, one.path.join('.'), nameRelation(one))),
  ];
}

function mergeReferences(
  pair: StatePair,
  old: DescribedRelation,
  now: DescribedRelation,
): PictureReference[] {
  return mergeByName(listReferences(old), listReferences(now)).map(([one, other]) => {
    const shown = (other ?? one) as PictureReference;
    return { ...shown, mark: markOf(pair, namePart('CONSTRAINT', shown.name, now.path), [one, other]) };
  });
}
