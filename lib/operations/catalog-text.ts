// A catalog as text and back. Ids and the names of attributes are written once, because reading a big catalog from the
// cache must be faster than reading it from a server.
import type { Catalog, Need } from '../model/catalog.ts';
import type { Fact, Json } from '../model/fact.ts';

// A fact: id, kind and attribute names, path, signature, parent, origins, whether it outlives them, position, attribute
// values.
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

/** What is written down. Numbers are places in `ids`, but for those of `shapes`. */
interface Written {
  readonly major: number;
  readonly role: string | null;
  readonly unmanaged: readonly string[];
  readonly ids: readonly string[];
  readonly shapes: readonly { readonly kind: string; readonly names: readonly string[] }[];
  readonly facts: readonly Row[];
  readonly needs: readonly (readonly [number, readonly (readonly [number, Need])[]])[];
  readonly dies: readonly (readonly [number, readonly number[]])[];
  readonly links: readonly (readonly [string, string])[];
}

/** A catalog as text, the same text for catalogs that hold the same in the same order. */
export function encodeCatalog(catalog: Catalog): string {
  const ids = new Places<string>();
  const shapes = new Places<string>();
  const written: Written = {
    major: catalog.major,
    role: catalog.role,
    unmanaged: catalog.unmanaged,
    facts: [...catalog.facts.values()].map((fact) => [
      ids.of(fact.id),
      shapes.of(JSON.stringify({ kind: fact.kind, names: Object.keys(fact.payload) })),
      fact.path,
      fact.signature,
      fact.parent === null ? null : ids.of(fact.parent),
      fact.origins,
      fact.outlives ? 1 : 0,
      fact.position,
      Object.values(fact.payload),
    ]),
    needs: [...catalog.needs].map(([id, of]) => [
      ids.of(id),
      [...of].map(([to, need]) => [ids.of(to), need]),
    ]),
    dies: [...catalog.dies].map(([id, of]) => [ids.of(id), [...of].map((to) => ids.of(to))]),
    links: [...catalog.links],
    ids: ids.all,
    shapes: shapes.all.map((shape) => JSON.parse(shape)),
  };
  return JSON.stringify(written);
}

/**
 * The catalog of a text that {@link encodeCatalog} made.
 * @throws SyntaxError or TypeError on any other text
 */
export function decodeCatalog(text: string): Catalog {
  const { ids, shapes, facts, needs, dies, links, ...rest } = JSON.parse(text) as Written;
  const id = (place: number) => ids[place] as string;
  const restore = (row: Row): Fact => {
    const [own, shape, path, signature, parent, origins, outlives, position, values] = row;
    const { kind, names } = shapes[shape] as Written['shapes'][number];
    const payload: Record<string, Json> = {};
    for (let at = 0; at < names.length; at++) payload[names[at] as string] = values[at] as Json;
    const above = parent === null ? null : id(parent);
    const fact = { id: id(own), kind, path, signature, parent: above, origins, position, payload };
    return outlives === 1 ? { ...fact, outlives: true } : fact;
  };
  // Filled one by one: as pairs first, a big catalog takes half as long again.
  const restored = new Map<string, Fact>();
  for (const row of facts) restored.set(id(row[0]), restore(row));
  const needed = new Map<string, Map<string, Need>>();
  for (const [own, of] of needs) {
    const types = new Map<string, Need>();
    for (const [to, need] of of) types.set(id(to), need);
    needed.set(id(own), types);
  }
  const dying = new Map<string, Set<string>>();
  for (const [own, of] of dies) {
    const causes = new Set<string>();
    for (const to of of) causes.add(id(to));
    dying.set(id(own), causes);
  }
  return { ...rest, facts: restored, needs: needed, dies: dying, links: new Map(links) };
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
