// The places of tables in a diagram: referenced tables on the left of those that reference them.
import type { DescribedRelation, Description } from '../describe/description.ts';

/** A table in the diagram. */
export interface Box {
  readonly relation: DescribedRelation;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The columns that are shown. */
  readonly shown: DescribedRelation['columns'];
}

/** A foreign key between two boxes. */
export interface Link {
  readonly name: string;
  readonly from: Box;
  readonly to: Box;
  /** The referencing columns. */
  readonly columns: readonly string[];
  /** True if a row of the referencing table always has a row of the other. */
  readonly required: boolean;
  /** True if at most one row references a row. */
  readonly unique: boolean;
}

/** The whole diagram. */
export interface Diagram {
  readonly boxes: readonly Box[];
  readonly links: readonly Link[];
  readonly width: number;
  readonly height: number;
}

/** Pixels of a line of a box. */
export const lineHeight = 18;
/** Pixels of the title of a box. */
export const titleHeight = 26;
const letter = 7;
const gap = { x: 90, y: 26 };
const margin = 20;
const mostColumns = 40;

/** The most letters of a name or a type. */
export const mostLetters = 36;

const keyOf = (path: readonly string[]) => path.join('\0');

/** Lays the tables of a description out; the same description always gives the same diagram. */
export function layOut({ relations }: Description): Diagram {
  const tables = relations.filter(({ sort, partitionOf }) => partitionOf === null && !sort.endsWith('view'));
  const known = new Map(tables.map((table) => [keyOf(table.path), table]));
  const ranks = rankTables(tables, known);
  const highest = Math.max(0, ...ranks.values());
  const layers = Array.from({ length: highest + 1 }, (_, rank) =>
    tables.filter(({ path }) => ranks.get(keyOf(path)) === rank),
  );
  const boxes = placeLayers(layers);
  const byKey = new Map(boxes.map((box) => [keyOf(box.relation.path), box]));
  return {
    boxes,
    links: boxes.flatMap((box) => linksOf(box, byKey)),
    width: Math.max(0, ...boxes.map(({ x, width }) => x + width)) + margin,
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)) + margin,
  };
}

// The length of the longest chain of references below a table. A chain that closes on itself is cut where it
// is met again.
function rankTables(
  tables: readonly DescribedRelation[],
  known: ReadonlyMap<string, DescribedRelation>,
): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const open = new Set<string>();
  const rank = (table: DescribedRelation): number => {
    const key = keyOf(table.path);
    const found = ranks.get(key);
    if (found !== undefined) return found;
    open.add(key);
    const below = table.constraints.flatMap(({ references }) => {
      const other = references === null ? undefined : known.get(keyOf(references));
      return other === undefined || open.has(keyOf(other.path)) ? [] : [rank(other) + 1];
    });
    open.delete(key);
    const own = Math.max(0, ...below);
    ranks.set(key, own);
    return own;
  };
  for (const table of tables) rank(table);
  return ranks;
}

// A layer that is much higher than wide goes on in another column.
function placeLayers(layers: readonly (readonly DescribedRelation[])[]): Box[] {
  const sizes = layers.flat().map((table) => heightOf(table) + gap.y);
  const most = Math.max(600, Math.sqrt(sizes.reduce((sum, size) => sum + size, 0) * 350));
  const boxes: Box[] = [];
  let x = margin;
  for (const layer of layers) {
    let y = margin;
    let widest = 0;
    for (const table of layer) {
      const height = heightOf(table);
      if (y > margin && y + height > most) {
        x += widest + gap.x;
        y = margin;
        widest = 0;
      }
      const width = widthOf(table);
      boxes.push({ relation: table, x, y, width, height, shown: table.columns.slice(0, mostColumns) });
      widest = Math.max(widest, width);
      y += height + gap.y;
    }
    x += widest + gap.x;
  }
  return boxes;
}

function heightOf({ columns }: DescribedRelation): number {
  const lines = Math.min(columns.length, mostColumns) + (columns.length > mostColumns ? 1 : 0);
  return titleHeight + lines * lineHeight + 6;
}

function widthOf({ path, columns }: DescribedRelation): number {
  const short = (text: string) => Math.min([...text].length, mostLetters);
  const lines = columns.slice(0, mostColumns).map(({ name, typeText }) => short(name) + short(typeText) + 6);
  return Math.max(short(path.join('.')) + 4, ...lines) * letter + 16;
}

function linksOf(box: Box, boxes: ReadonlyMap<string, Box>): Link[] {
  const { columns, constraints } = box.relation;
  const required = new Set(columns.flatMap(({ name, nullable }) => (nullable ? [] : [name])));
  const keys = constraints.filter(({ sort }) => sort === 'primary' || sort === 'unique');
  return constraints.flatMap(({ name, references, columns: own }) => {
    const to = references === null ? undefined : boxes.get(keyOf(references));
    if (to === undefined) return [];
    const isUnique = keys.some((key) => key.columns.every((column) => own.includes(column)));
    const isRequired = own.every((column) => required.has(column));
    return [{ name, from: box, to, columns: own, required: isRequired, unique: isUnique }];
  });
}
