// A catalog as text and back. Ids and the names of attributes are written once, because reading a big catalog
// from the cache must be faster than reading it from a server.
import { setImmediate } from 'node:timers/promises';
import { type Catalog, type Need, type Relations, withRelations } from '../model/catalog.ts';
import { isEqual } from '../model/diff.ts';
import type { Fact, Json } from '../model/fact.ts';

// A fact: id, kind and attribute names, path, signature, parent, origins, whether it outlives them, position,
// attribute values.
type Row = readonly [
  number,
  number,
  readonly string[],
  string,
  number | null,
  readonly string[],
  0 | 1,
  number,
  readonly Json[],
];

// The parts that many facts have in common.
interface Shape {
  readonly kind: string;
  readonly names: readonly string[];
}

/** The first line. Numbers are places in `ids`, but for those of `shapes`. */
interface Head {
  readonly major: number;
  readonly role: string | null;
  readonly unmanaged: readonly string[];
  readonly ids: readonly string[];
  readonly shapes: readonly Shape[];
  /** The length of the last line, which is parsed only on demand. It reveals a truncated text. */
  readonly tail: number;
}

/** The last line; between them there are lines of facts. */
interface Tail {
  readonly needs: readonly (readonly [number, readonly (readonly [number, Need])[]])[];
  readonly dies: readonly (readonly [number, readonly number[]])[];
  readonly links: readonly (readonly [string, string])[];
}

// Facts on one line: some milliseconds of work.
const factsOfLine = 250;

/** A catalog as text, the same text for catalogs that hold the same in the same order. */
export function encodeCatalog(catalog: Catalog): string {
  const ids = new Places<string>();
  const shapes = new Shapes();
  const rows = [...catalog.facts.values()].map(
    (fact): Row => [
      ids.of(fact.id),
      shapes.of(fact),
      fact.path,
      fact.signature,
      fact.parent === null ? null : ids.of(fact.parent),
      fact.origins,
      fact.outlives ? 1 : 0,
      fact.position,
      Object.values(fact.payload),
    ],
  );
  const last: Tail = {
    needs: [...catalog.needs].map(([id, of]) => [
      ids.of(id),
      [...of].map(([to, need]) => [ids.of(to), need]),
    ]),
    dies: [...catalog.dies].map(([id, of]) => [ids.of(id), [...of].map((to) => ids.of(to))]),
    links: [...catalog.links],
  };
  const { major, role, unmanaged } = catalog;
  const tail = JSON.stringify(last);
  const head: Head = {
    major,
    role,
    unmanaged,
    ids: ids.all,
    shapes: shapes.all,
    tail: tail.length,
  };
  const lines: unknown[] = [head];
  for (let at = 0; at < rows.length; at += factsOfLine) lines.push(rows.slice(at, at + factsOfLine));
  return [...lines.map((line) => JSON.stringify(line)), tail].join('\n');
}

/**
 * The catalog of a text that {@link encodeCatalog} made. It stands back between lines, so that a session that
 * is being opened meanwhile does not wait.
 * @returns null where the text was cut off
 * @throws SyntaxError or TypeError on any other text
 */
export async function decodeCatalog(text: string): Promise<Catalog | null> {
  const [first = '', ...lines] = text.split('\n');
  const last = lines.pop() as string;
  const head = JSON.parse(first) as Head;
  if (last.length !== head.tail) return null;
  const facts = new Map<string, Fact>();
  for (const line of lines) {
    for (const row of JSON.parse(line) as Row[]) {
      const fact = restored(row, head);
      facts.set(fact.id, fact);
    }
    await setImmediate();
  }
  return withRelations(head, facts, () => relations(JSON.parse(last), head));
}

function restored(row: Row, { ids, shapes }: Head): Fact {
  const [own, shape, path, signature, parent, origins, outlives, position, values] = row;
  const { kind, names } = shapes[shape] as Head['shapes'][number];
  const payload: Record<string, Json> = {};
  for (let at = 0; at < names.length; at++) payload[names[at] as string] = values[at] as Json;
  const above = parent === null ? null : (ids[parent] as string);
  const fact = { id: ids[own] as string, kind, path, signature, parent: above, origins, position, payload };
  return outlives === 1 ? { ...fact, outlives: true } : fact;
}

function relations({ needs, dies, links }: Tail, { ids }: Head): Relations {
  const id = (place: number) => ids[place] as string;
  const needed = new Map<string, Map<string, Need>>();
  for (const [own, of] of needs) {
    const types = new Map<string, Need>();
    for (const [to, need] of of) types.set(id(to), need);
    needed.set(id(own), types);
  }
  const dying = new Map<string, Set<string>>();
  for (const [own, of] of dies) dying.set(id(own), new Set(of.map(id)));
  return { needs: needed, dies: dying, links: new Map(links) };
}

// Numbers shapes in the order in which they are first met. Facts of one kind have one shape, or few.
class Shapes {
  readonly all: Shape[] = [];
  readonly #known = new Map<string, { readonly place: number; readonly names: readonly string[] }[]>();

  of({ kind, payload }: Fact): number {
    const names = Object.keys(payload);
    const known = this.#known.get(kind) ?? [];
    const found = known.find((shape) => isEqual(shape.names, names));
    if (found !== undefined) return found.place;
    const place = this.all.push({ kind, names }) - 1;
    this.#known.set(kind, [...known, { place, names }]);
    return place;
  }
}

// Numbers values in the order in which they are first met.
class Places<T> {
  readonly all: T[] = [];
  readonly #known = new Map<T, number>();

  of(value: T): number {
    let place = this.#known.get(value);
    if (place === undefined) {
      place = this.all.push(value) - 1;
      this.#known.set(value, place);
    }
    return place;
  }
}
