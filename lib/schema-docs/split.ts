// Parts of a schema that is too large for one picture: tables that reference each other stay together.
import type { ObjectPath } from '../describe/description.ts';
import { keyOf, type Picture, type PictureTable } from './picture.ts';

/** The most tables of one picture of a whole schema. */
export const mostTables = 60;

// The most tables of a part. Tables that they reference in other parts come in addition.
const mostOfPart = 36;

// A picture of a few leftover tables shows less than a picture that is somewhat larger.
const mostTogether = 44;

/** The pictures of some tables; the same tables always give the same pictures. */
export function splitIntoPictures(tables: readonly PictureTable[]): Picture[] {
  if (tables.length === 0) return [];
  if (tables.length <= mostTables) return [{ around: null, tables }];
  const sorted = [...tables].sort((a, b) => compareText(keyOf(a.path), keyOf(b.path)));
  const known = new Map(sorted.map((table) => [keyOf(table.path), table]));
  return pack(connect(sorted, known)).map((part) => withContext(part, known));
}

type Known = ReadonlyMap<string, PictureTable>;

// References to tables that few others reference join first: they say most of what belongs together (as
// Kruskal's algorithm takes the lightest edge first).
function connect(tables: readonly PictureTable[], known: Known): PictureTable[][] {
  const edges = tables.flatMap((table) =>
    table.references
      .filter(({ to }) => known.has(keyOf(to)) && keyOf(to) !== keyOf(table.path))
      .map(({ to }) => [keyOf(table.path), keyOf(to)] as const),
  );
  const degrees = new Map<string, number>();
  for (const key of edges.flat()) degrees.set(key, (degrees.get(key) ?? 0) + 1);
  const weight = ([from, to]: readonly [string, string]) =>
    (degrees.get(from) as number) * (degrees.get(to) as number);
  const parts = new Map(tables.map((table) => [keyOf(table.path), [table]]));
  for (const [from, to] of [...edges].sort((a, b) => weight(a) - weight(b))) {
    const [one, other] = [parts.get(from), parts.get(to)] as [PictureTable[], PictureTable[]];
    if (one === other || one.length + other.length > mostOfPart) continue;
    one.push(...other);
    for (const { path } of other) parts.set(keyOf(path), one);
  }
  return [...new Set(parts.values())];
}

// Small parts share a picture with the next ones in the order of names, which often begin alike.
function pack(parts: readonly (readonly PictureTable[])[]): PictureTable[][] {
  const sorted = parts
    .map((part) => [...part].sort((a, b) => compareText(keyOf(a.path), keyOf(b.path))))
    .sort((a, b) => compareText(nameOf(a), nameOf(b)));
  const packed: PictureTable[][] = [];
  for (const part of sorted) {
    const last = packed.at(-1);
    if (last === undefined || last.length + part.length > mostTogether) packed.push([...part]);
    else last.push(...part);
  }
  return packed;
}

const nameOf = (part: readonly PictureTable[]) => keyOf(hubOf(part));

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function withContext(part: readonly PictureTable[], known: Known): Picture {
  const own = new Set(part.map(({ path }) => keyOf(path)));
  const others = part.flatMap(({ references }) => references.map(({ to }) => keyOf(to)));
  const context = [...new Set(others)].sort(compareText).flatMap((key) => {
    const table = own.has(key) ? undefined : known.get(key);
    return table === undefined ? [] : [asContext(table)];
  });
  return { around: hubOf(part), tables: [...context, ...part] };
}

/** A table of which the picture shows only the name. */
export function asContext(table: PictureTable): PictureTable {
  return { ...table, lines: [], omitted: 0, references: [], isContext: true };
}

// The table with most references from and to others of the part; of equal ones the first.
function hubOf(part: readonly PictureTable[]): ObjectPath {
  const own = new Set(part.map(({ path }) => keyOf(path)));
  const counts = new Map<string, number>();
  const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const { path, references } of part)
    for (const { to } of references)
      if (own.has(keyOf(to))) {
        count(keyOf(path));
        count(keyOf(to));
      }
  const countOf = ({ path }: PictureTable) => counts.get(keyOf(path)) ?? 0;
  return part.reduce((best, one) => (countOf(one) > countOf(best) ? one : best)).path;
}
