// The places of tables in a picture: referenced tables on the left of those that reference them.
import { keyOf, type PictureReference, type PictureTable } from './picture.ts';

/** A table in its place. */
export interface Box {
  readonly table: PictureTable;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A foreign key between two boxes. */
export interface Link {
  readonly reference: PictureReference;
  readonly from: Box;
  readonly to: Box;
}

/** The whole picture. */
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
/** Pixels before a name, where lines have signs. */
export const signWidth = 14;
/** Pixels that a line which leaves on the right reaches beyond its boxes. */
export const bend = 60;
// Of a monospaced font of 12 pixels.
const letter = 7.3;
const gap = { x: 90, y: 26 };
const margin = 20;

// PostgreSQL's names have at most 63 bytes, and a title has two of them. Types can be longer.
const mostLetters = { title: 127, name: 63, type: 40 } as const;

/** The tables and links of a picture in their places; the same tables always get the same ones. */
export function layOut(tables: readonly PictureTable[]): Diagram {
  const isMarked = hasMarks(tables);
  const known = new Map(tables.map((table) => [keyOf(table.path), table]));
  const boxes = placeLayers(listLayers(tables, known), isMarked);
  const byKey = new Map(boxes.map((box) => [keyOf(box.table.path), box]));
  const links = boxes.flatMap((from) =>
    from.table.references.flatMap((reference): Link[] => {
      const to = byKey.get(keyOf(reference.to));
      return to === undefined ? [] : [{ reference, from, to }];
    }),
  );
  const ends = [...boxes.map(rightOf), ...links.flatMap((link) => (isLeft(link) ? [] : [reachOf(link)]))];
  return {
    boxes,
    links,
    width: Math.ceil(Math.max(0, ...ends)) + margin,
    height: Math.max(0, ...boxes.map(({ y, height }) => y + height)) + margin,
  };
}

/** True if a picture shows a difference. */
export function hasMarks(tables: readonly PictureTable[]): boolean {
  return tables.some(
    ({ mark, lines, references }) =>
      mark !== null || [...lines, ...references].some((one) => one.mark !== null),
  );
}

/** The right side of a box. */
export const rightOf = ({ x, width }: Box) => x + width;

/** True if the referenced table of a link is on the left of the other. */
export const isLeft = ({ from, to }: Link) => rightOf(to) < from.x;

const reachOf = ({ from, to }: Link) => Math.max(rightOf(from), rightOf(to)) + bend;

type Known = ReadonlyMap<string, PictureTable>;

// Tables without any reference come last: they would stand between the others.
function listLayers(tables: readonly PictureTable[], known: Known): PictureTable[][] {
  const linked = new Set<string>();
  for (const table of tables)
    for (const { to } of table.references)
      if (known.has(keyOf(to)) && keyOf(to) !== keyOf(table.path))
        linked.add(keyOf(to)).add(keyOf(table.path));
  const ranks = pullRight(tables, rankTables(tables, known));
  const layers: PictureTable[][] = [];
  for (const table of tables)
    if (linked.has(keyOf(table.path))) {
      const rank = ranks.get(keyOf(table.path)) as number;
      layers[rank] = [...(layers[rank] ?? []), table];
    }
  const alone = tables.filter(({ path }) => !linked.has(keyOf(path)));
  return [...orderLayers(layers.filter((layer) => layer !== undefined)), alone];
}

// The length of the longest chain of references below a table. A chain that closes on itself is cut where it
// is met again.
function rankTables(tables: readonly PictureTable[], known: Known): ReadonlyMap<string, number> {
  const ranks = new Map<string, number>();
  const open = new Set<string>();
  const rank = (table: PictureTable): number => {
    const key = keyOf(table.path);
    const found = ranks.get(key);
    if (found !== undefined) return found;
    open.add(key);
    const below = table.references.flatMap(({ to }) => {
      const other = known.get(keyOf(to));
      return other === undefined || open.has(keyOf(to)) ? [] : [rank(other) + 1];
    });
    open.delete(key);
    const own = Math.max(0, ...below);
    ranks.set(key, own);
    return own;
  };
  for (const table of tables) rank(table);
  return ranks;
}

// A table is beside the nearest one that references it, so that lines are short.
function pullRight(
  tables: readonly PictureTable[],
  ranks: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const moved = new Map(ranks);
  const nearest = new Map<string, number>();
  const rankOf = (key: string) => moved.get(key) ?? 0;
  for (const table of [...tables].sort((a, b) => rankOf(keyOf(b.path)) - rankOf(keyOf(a.path)))) {
    const key = keyOf(table.path);
    const next = nearest.get(key);
    if (next !== undefined && next - 1 > rankOf(key)) moved.set(key, next - 1);
    for (const { to } of table.references) {
      const other = keyOf(to);
      if (rankOf(key) > rankOf(other))
        nearest.set(other, Math.min(rankOf(key), nearest.get(other) ?? Number.POSITIVE_INFINITY));
    }
  }
  return moved;
}

// Each table is at the height of those that it references, which makes fewer lines cross (Sugiyama's
// barycenters).
function orderLayers(layers: readonly (readonly PictureTable[])[]): PictureTable[][] {
  const places = new Map<string, number>();
  const placeOf = ({ path, references }: PictureTable, own: number) => {
    const known = references.flatMap(({ to }) => places.get(keyOf(to)) ?? []);
    const isAlone = known.length === 0 || places.has(keyOf(path));
    return isAlone ? own : known.reduce((sum, place) => sum + place, 0) / known.length;
  };
  return layers.map((layer) => {
    const wanted = new Map(layer.map((table, at) => [table, placeOf(table, at / layer.length)]));
    const sorted = [...layer].sort((a, b) => (wanted.get(a) as number) - (wanted.get(b) as number));
    for (const [at, { path }] of sorted.entries()) places.set(keyOf(path), at / sorted.length);
    return sorted;
  });
}

// A layer that is much higher than wide goes on in another column.
function placeLayers(layers: readonly (readonly PictureTable[])[], isMarked: boolean): Box[] {
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
      const width = widthOf(table, isMarked);
      boxes.push({ table, x, y, width, height });
      widest = Math.max(widest, width);
      y += height + gap.y;
    }
    if (layer.length > 0) x += widest + gap.x;
  }
  return boxes;
}

function heightOf({ lines, omitted }: PictureTable): number {
  const count = lines.length + (omitted > 0 ? 1 : 0);
  return titleHeight + count * lineHeight + (count > 0 ? 6 : 0);
}

function widthOf({ title, lines }: PictureTable, isMarked: boolean): number {
  const widths = lines.map(
    ({ name, type }) => lettersOf(shortenName(name)) + lettersOf(shortenType(type)) + 4,
  );
  const own = lettersOf(shortenTitle(title));
  return Math.ceil(Math.max(own, ...widths) * letter) + 16 + (isMarked ? signWidth : 0);
}

// Letters of East Asia and emoji are twice as wide as others (Unicode: East Asian Width).
const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{3fffd}]/u;

function lettersOf(text: string): number {
  return [...text].reduce((sum, one) => sum + (wide.test(one) ? 2 : 1), 0);
}

/** The title of a table as a picture shows it. */
export const shortenTitle = (title: string) => shorten(title, mostLetters.title);

/** A name as a picture shows it. */
export const shortenName = (name: string) => shorten(name, mostLetters.name);

/** A type as a picture shows it. */
export const shortenType = (type: string) => shorten(type, mostLetters.type);

function shorten(text: string, most: number): string {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join('')}…` : text;
}
