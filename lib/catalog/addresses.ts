// From catalog addresses (`pg_class:16402:0`) to facts, and from pg_depend to the needs among them.
import { edgeKey, type Need, type Relations } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';

// One address: an object of the server, or a part of one.
class Place {
  /** The object that it is a part of (the table of a column); null: it is the object. */
  readonly whole: Place | null;
  /** The parts of an object by number. */
  parts: Map<number, Place> | undefined;
  /** The fact at this address. */
  fact: Fact | undefined;
  /** The object that it belongs to: internal parts, members of extensions. */
  partOf: Place | undefined;
  /**
   * The original that the server copied to a partition. A fact that depends on the copy depends on the
   * original, but the original does not depend on the copy's own dependencies (the partition).
   */
  cloneOf: Place | undefined;
  /** Facts that represent an edge from here, by its target. */
  edges: Map<Place, Fact> | undefined;
  /** Facts that are dependencies from here instead of others. */
  standIns: Map<Place, Fact> | undefined;

  constructor(whole: Place | null) {
    this.whole = whole;
  }
}

/** One row of pg_depend (manual: catalog pg_depend). */
interface Dependency {
  readonly from: Place;
  readonly to: Place;
  readonly type: string;
}

/** The dependencies in a fact's row. */
interface FactRow {
  readonly fact: Fact;
  readonly row: {
    readonly needs?: readonly string[] | null;
    readonly dies?: readonly string[] | null;
    readonly edges?: readonly string[] | null;
    readonly instead?: readonly string[] | null;
  };
}

// Chains are as long as partitions nest; the bound keeps a ring from going on for ever.
const longestChain = 1000;

/** Finds the fact of a catalog address. */
export class Addresses {
  readonly #classes = new Map<string, Map<number, Place>>();
  #dependencies: readonly Dependency[] = [];

  /**
   * Takes the rows of pg_depend.
   * @param list `classid,objid,objsubid,refclassid,refobjid,refobjsubid,deptype;…`
   * @param names the names of system catalogs by oid
   */
  depend(list: string, names: Readonly<Record<string, string>>): void {
    this.#dependencies = this.#parse(list, names);
    for (const { from, to, type } of this.#dependencies) {
      if (type === 'e' || type === 'i') from.partOf ??= to;
      else if (type === 'P') from.cloneOf ??= to;
    }
  }

  /** Notes that these addresses are this fact. */
  claim(addresses: readonly string[], fact: Fact): void {
    for (const address of addresses) this.#at(address).fact = fact;
  }

  /** The fact at exactly this address. */
  claimant(address: string): Fact | undefined {
    return this.#at(address).fact;
  }

  /** The fact at an address, or the one that the object there is part of or a clone of. */
  resolve(address: string): Fact | undefined {
    return factAt(this.#at(address), true);
  }

  /** The relations between facts that a catalog holds. */
  relations(entries: readonly FactRow[]): Relations {
    const graph = new RelationGraph();
    for (const { fact, row } of entries) {
      for (const text of row.edges ?? []) {
        const [from, to] = this.#ends(text);
        from.edges ??= new Map();
        from.edges.set(to, fact);
      }
      for (const text of row.instead ?? []) {
        const [from, to] = this.#ends(text);
        from.standIns ??= new Map();
        from.standIns.set(to, fact);
      }
      for (const address of row.needs ?? []) graph.need(fact.id, this.resolve(address)?.id, 'normal');
      for (const address of row.dies ?? []) graph.dependOn(fact.id, this.resolve(address)?.id);
      if (fact.parent !== null) graph.dependOn(fact.id, fact.parent);
    }
    for (const dependency of this.#dependencies) relate(graph, dependency);
    const { needs, dies, links } = graph;
    return { needs, dies, links };
  }

  // `pg_class:16402:3`; the last number may be left out.
  #at(address: string): Place {
    const first = address.indexOf(':');
    const second = address.indexOf(':', first + 1);
    const oid = second < 0 ? address.slice(first + 1) : address.slice(first + 1, second);
    const part = second < 0 ? 0 : Number(address.slice(second + 1));
    return placeIn(this.#class(address.slice(0, first)), Number(oid), part);
  }

  #ends(text: string): [Place, Place] {
    const middle = text.indexOf('>');
    return [this.#at(text.slice(0, middle)), this.#at(text.slice(middle + 1))];
  }

  #class(name: string): Map<number, Place> {
    let places = this.#classes.get(name);
    if (places === undefined) {
      places = new Map();
      this.#classes.set(name, places);
    }
    return places;
  }

  // Digit by digit: there are tens of thousands of rows, and to split them into texts would take most of the
  // time.
  #parse(list: string, names: Readonly<Record<string, string>>): Dependency[] {
    const classes = new Map(Object.entries(names).map(([oid, name]) => [Number(oid), this.#class(name)]));
    const rows: Dependency[] = [];
    let at = 0;
    const number = (): number => {
      const negative = list.charCodeAt(at) === 45;
      if (negative) at++;
      let value = 0;
      for (let code = list.charCodeAt(at++); code !== 44; code = list.charCodeAt(at++))
        value = value * 10 + code - 48;
      return negative ? -value : value;
    };
    const place = (): Place => {
      const places = classes.get(number()) as Map<number, Place>;
      return placeIn(places, number(), number());
    };
    for (; at < list.length; at += 2) rows.push({ from: place(), to: place(), type: list.charAt(at) });
    return rows;
  }
}

// The relations of a catalog while they are collected.
class RelationGraph {
  readonly needs = new Map<string, Map<string, Need>>();
  readonly dies = new Map<string, Set<string>>();
  readonly links = new Map<string, string>();

  need(from: string, to: string | undefined, type: Need, itself = false): void {
    if (to === undefined || (to === from && !itself)) return;
    const of = this.needs.get(from);
    if (of === undefined) this.needs.set(from, new Map([[to, type]]));
    else if (type === 'normal' || !of.has(to)) of.set(to, type);
  }

  die(from: string, to: string | undefined): void {
    if (to === undefined || to === from) return;
    const of = this.dies.get(from);
    if (of === undefined) this.dies.set(from, new Set([to]));
    else of.add(to);
  }

  // It goes with the other one.
  dependOn(from: string, to: string | undefined): void {
    this.need(from, to, 'auto');
    this.die(from, to);
  }
}

function relate(graph: RelationGraph, { from, to, type }: Dependency): void {
  if (type === 'e') return;
  const standIn = from.standIns?.get(to);
  const a = factAt(from, false);
  const b = standIn ?? factAt(to, true);
  // Between its parts there is nothing to wait for; a function that calls itself is another thing.
  if (a !== undefined && from === to && type === 'n') graph.need(a.id, b?.id, 'normal', true);
  if (a === undefined || b === undefined || a.id === b.id) return;
  const auto = type !== 'n' || standIn !== undefined;
  if (auto) graph.die(a.id, b.id);
  const link = from.edges?.get(to);
  if (link === undefined) graph.need(a.id, b.id, auto ? 'auto' : 'normal');
  else {
    graph.need(link.id, a.id, 'normal');
    graph.need(link.id, b.id, 'normal');
    graph.links.set(edgeKey(a.id, b.id), link.id);
  }
}

function placeIn(places: Map<number, Place>, oid: number, part: number): Place {
  const whole = placeOf(places, oid, null);
  if (part === 0) return whole;
  whole.parts ??= new Map();
  return placeOf(whole.parts, part, whole);
}

function placeOf(places: Map<number, Place>, key: number, whole: Place | null): Place {
  let place = places.get(key);
  if (place === undefined) {
    place = new Place(whole);
    places.set(key, place);
  }
  return place;
}

function factAt(place: Place, clones: boolean): Fact | undefined {
  let at: Place | null | undefined = place;
  for (let hops = 0; at && hops < longestChain; hops++) {
    if (at.fact !== undefined) return at.fact;
    at = at.partOf ?? (clones ? at.cloneOf : undefined) ?? at.whole;
  }
  return undefined;
}
