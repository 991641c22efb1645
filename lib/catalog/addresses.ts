// From catalog addresses (`pg_class:16402:0`) to facts, and from pg_depend to the needs among them.
import { type Catalog, edge, type Need } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';

/** One row of pg_depend, both ends as addresses (manual: catalog pg_depend). */
export interface Dependency {
  readonly from: string;
  readonly to: string;
  readonly type: string;
}

/** What a fact's row says about its neighbours. */
interface Entry {
  readonly fact: Fact;
  readonly row: {
    readonly needs?: readonly string[] | null;
    readonly dies?: readonly string[] | null;
    readonly edges?: readonly string[] | null;
    readonly instead?: readonly string[] | null;
  };
}

/** Which fact stands for which catalog address. */
export class Addresses {
  readonly #claimed = new Map<string, Fact>();
  // Parts that belong to another object: internal ones, members of extensions.
  readonly #partOf = new Map<string, string>();
  // What the server made on a partition from its parent's: who needs that needs the original, but what it needs itself
  // (the partition) the original does not.
  readonly #cloneOf = new Map<string, string>();
  readonly #dependencies: readonly Dependency[];

  constructor(dependencies: readonly Dependency[]) {
    this.#dependencies = dependencies;
    for (const { from, to, type } of dependencies) {
      if (type === 'e' || type === 'i') setOnce(this.#partOf, from, to);
      else if (type === 'P') setOnce(this.#cloneOf, from, to);
    }
  }

  /** Notes that these addresses are this fact. */
  claim(addresses: readonly string[], fact: Fact): void {
    for (const address of addresses) this.#claimed.set(address, fact);
  }

  /** The fact at exactly this address. */
  claimant(address: string): Fact | undefined {
    return this.#claimed.get(address);
  }

  /** The fact at an address, or the one that the object there is part of or, if wanted, a clone of. */
  resolve(address: string, clones = true): Fact | undefined {
    // Most addresses are a fact's own, and there are as many questions as rows in pg_depend.
    const own = this.#claimed.get(address);
    if (own !== undefined) return own;
    const seen = new Set<string>();
    for (let at: string | undefined = address; at !== undefined && !seen.has(at); ) {
      seen.add(at);
      const fact = this.#claimed.get(at);
      if (fact !== undefined) return fact;
      at =
        this.#partOf.get(at) ??
        (clones ? this.#cloneOf.get(at) : undefined) ??
        (at.endsWith(':0') ? undefined : at.replace(/:[^:]*$/, ':0'));
    }
    return undefined;
  }

  /** The relations between facts that a catalog holds. */
  edges(entries: readonly Entry[]): Pick<Catalog, 'needs' | 'dies' | 'links'> {
    const needs = new Map<string, Map<string, Need>>();
    const dies = new Map<string, Set<string>>();
    const links = new Map<string, string>();
    const need = (from: Fact, to: Fact | undefined, type: Need) => {
      if (to === undefined || to.id === from.id) return;
      const of = needs.get(from.id);
      if (of === undefined) needs.set(from.id, new Map([[to.id, type]]));
      else if (of.get(to.id) !== 'normal') of.set(to.id, type);
    };
    const die = (from: Fact, to: Fact | undefined) => {
      if (to === undefined || to.id === from.id) return;
      const of = dies.get(from.id);
      if (of === undefined) dies.set(from.id, new Set([to.id]));
      else of.add(to.id);
    };
    const claimedEdges = new Edges();
    const standIns = new Edges();
    for (const { fact, row } of entries) {
      for (const edge of row.edges ?? []) claimedEdges.add(edge, fact);
      for (const edge of row.instead ?? []) standIns.add(edge, fact);
      for (const address of row.needs ?? []) need(fact, this.resolve(address), 'normal');
      for (const address of row.dies ?? []) {
        need(fact, this.resolve(address), 'auto');
        die(fact, this.resolve(address));
      }
      if (fact.parent !== null) {
        const above = { id: fact.parent } as Fact;
        need(fact, above, 'auto');
        die(fact, above);
      }
    }
    for (const { from, to, type } of this.#dependencies) {
      if (type === 'e') continue;
      const a = this.resolve(from, false);
      const standIn = standIns.at(from, to);
      const b = standIn ?? this.resolve(to);
      if (a === undefined || b === undefined || a.id === b.id) continue;
      const auto = type !== 'n' || standIn !== undefined;
      if (auto) die(a, b);
      const link = claimedEdges.at(from, to);
      if (link === undefined) need(a, b, auto ? 'auto' : 'normal');
      else {
        need(link, a, 'normal');
        need(link, b, 'normal');
        links.set(edge(a.id, b.id), link.id);
      }
    }
    return { needs, dies, links };
  }
}

// Facts by `'dependent>referenced'`, kept apart by dependent: to put both names together anew for each row of pg_depend would
// cost more than all other questions about it.
class Edges {
  readonly #facts = new Map<string, Map<string, Fact>>();

  add(edge: string, fact: Fact): void {
    const [from = '', to = ''] = edge.split('>');
    const of = this.#facts.get(from);
    if (of === undefined) this.#facts.set(from, new Map([[to, fact]]));
    else of.set(to, fact);
  }

  at(from: string, to: string): Fact | undefined {
    return this.#facts.get(from)?.get(to);
  }
}

function setOnce(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value);
}
