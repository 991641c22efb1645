// How a fact is made by hand: as a whole, as a part of another one, or on a fact of any kind.
import type { Need } from '../../lib/model/catalog.ts';
import type { Fact, Payload } from '../../lib/model/fact.ts';
import { qualify } from '../../lib/model/quote.ts';

/** A fact with what it needs. */
export interface Entry {
  readonly fact: Fact;
  readonly needs: ReadonlyMap<string, Need>;
  readonly dies: ReadonlySet<string>;
  /** `edgeKey(dependent, referenced)` of what this fact stands for. */
  readonly links: readonly string[];
}

/** Makes a fact, and what is part of it, below another one. @param at its number among its siblings */
export type Part = (above: Fact | null, at: number) => readonly Entry[];

/** The same part with other attributes. */
export function having(part: Part, payload: Payload): Part {
  return changed(part, (entry) => ({
    ...entry,
    fact: { ...entry.fact, payload: { ...entry.fact.payload, ...payload } },
  }));
}

/** The same part, needing more. The server refuses to drop what it needs before it. */
export function needing(part: Part, ...ids: readonly string[]): Part {
  return changed(part, (entry) => ({ ...entry, needs: needsOf(entry.needs, ids) }));
}

// The server numbers no constraint: all that have an index come after those that have none.
const last = 4294967295;

/** `app.users` → its path; without a schema it is in public. */
export const pathOf = (name: string) => (name.includes('.') ? name.split('.') : ['public', name]);

export function needsOf(known: ReadonlyMap<string, Need>, ids: readonly string[]): ReadonlyMap<string, Need> {
  return new Map([...known, ...ids.map((id) => [id, 'normal'] as const)]);
}

export function changed(part: Part, change: (entry: Entry) => Entry): Part {
  return (above, at) => {
    const [own, ...inner] = part(above, at) as readonly [Entry, ...Entry[]];
    return [change(own), ...inner];
  };
}

export function whole(kind: string, name: string, payload: Payload, parts: readonly Part[] = []): Part {
  const path = kind === 'schema' ? [name] : pathOf(name);
  const needs = kind === 'schema' ? [] : [`schema:${path[0]}`];
  return () => {
    const fact = { id: `${kind}:${qualify(path)}`, kind, path, signature: '', parent: null, origins: [] };
    return withParts({ ...fact, position: 0, payload }, parts, needsOf(new Map(), needs));
  };
}

interface Inside {
  readonly parts?: readonly Part[];
  readonly needs?: readonly string[];
  /** Whether the server numbers it as it does columns. */
  readonly numbered?: boolean;
}

// What is part of another fact and goes with it.
export function inside(kind: string, names: readonly string[], payload: Payload, more: Inside = {}): Part {
  return (above, at) => {
    if (above === null) throw new Error(`a ${kind} is part of something`);
    const path = [...above.path, ...names];
    const position = more.numbered ? at : 0;
    const fact = { id: `${kind}:${qualify(path)}`, kind, path, signature: '', parent: above.id, origins: [] };
    const needs = new Map<string, Need>([[above.id, 'auto']]);
    return withParts(
      { ...fact, position, payload },
      more.parts ?? [],
      needsOf(needs, more.needs ?? []),
      above,
    );
  };
}

// What is part of another fact, and needs it without going along silently.
export function piece(
  kind: string,
  names: readonly string[],
  payload: Payload,
  needs: readonly string[],
): Part {
  return inside(kind, names, payload, { needs });
}

// What sits on a fact of any kind.
export function onto(kind: string, names: readonly string[], payload: Payload): Part {
  return (above, at) =>
    inside(
      kind,
      names,
      payload,
    )(above, at).map((entry) => ({
      ...entry,
      fact: { ...entry.fact, id: `${kind}:${qualify(names)}@${above?.id}` },
    }));
}

// What the server drops with any of its columns.
export function constraint(kind: string, name: string, payload: Payload, columns: readonly string[]): Part {
  return (above, at) => {
    const own = columns.map((one) => `column:${qualify([...(above?.path ?? []), one])}`);
    return inside(
      kind,
      [name],
      payload,
    )(above, at).map((entry) => ({
      ...entry,
      fact: { ...entry.fact, position: 'partitioned' in payload ? last : 0 },
      needs: new Map<string, Need>([
        ...entry.needs,
        ...own.map((id) => [id, kind === 'check' ? 'normal' : 'auto'] as const),
      ]),
      dies: new Set([...entry.dies, ...own]),
    }));
  };
}

function withParts(
  fact: Fact,
  parts: readonly Part[],
  needs: ReadonlyMap<string, Need>,
  above: Fact | null = null,
): readonly Entry[] {
  const dies = new Set(above === null ? [] : [above.id]);
  // Columns are numbered, and what is part of a column has its number.
  const inner = parts.flatMap((part, at) => part(fact, fact.kind === 'column' ? fact.position : at + 1));
  return [{ fact, needs, dies, links: [] }, ...inner];
}
