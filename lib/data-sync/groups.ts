// Groups of tables that foreign keys connect: each group is changed by one statement, at whose end the
// server checks the keys.
import type { ForeignKeyShape } from './shape.ts';

/** The tables of a database that a change touches, and the foreign keys of that database. */
export interface TouchedTables<T> {
  /** Qualified and quoted name of each. */
  readonly tables: ReadonlyMap<string, T>;
  readonly foreignKeys: readonly ForeignKeyShape[];
}

/**
 * Puts tables into groups that foreign keys connect; in each, a table comes after those that it refers to,
 * where possible.
 */
export function groupTables<T>({ tables, foreignKeys }: TouchedTables<T>): T[][] {
  const keys = foreignKeys.filter(({ table, refersTo }) => tables.has(table) && tables.has(refersTo));
  const heads = new Map([...tables.keys()].map((name) => [name, name]));
  const headOf = (name: string): string => {
    const next = heads.get(name) as string;
    return next === name ? name : headOf(next);
  };
  for (const { table, refersTo } of keys) heads.set(headOf(table), headOf(refersTo));
  const groups = new Map<string, T[]>();
  for (const name of parentsFirst([...tables.keys()], keys)) {
    const head = headOf(name);
    groups.set(head, [...(groups.get(head) ?? []), tables.get(name) as T]);
  }
  return [...groups.values()];
}

/** Orders tables so that each comes after those that it refers to; a cycle is entered at any place. */
export function parentsFirst(names: readonly string[], keys: readonly ForeignKeyShape[]): string[] {
  const parents = new Map<string, string[]>();
  for (const { table, refersTo } of keys) parents.set(table, [...(parents.get(table) ?? []), refersTo]);
  const seen = new Set<string>();
  const order: string[] = [];
  // Without recursion: chains of tables can be long.
  for (const name of names) {
    const path = [name];
    while (path.length > 0) {
      const at = path.at(-1) as string;
      seen.add(at);
      const next = (parents.get(at) ?? []).find((one) => !seen.has(one) && names.includes(one));
      if (next !== undefined) path.push(next);
      else {
        path.pop();
        if (!order.includes(at)) order.push(at);
      }
    }
  }
  return order;
}

/** True if tables refer to each other in a cycle, or one to itself. */
export function hasCycle(names: readonly string[], keys: readonly ForeignKeyShape[]): boolean {
  const place = new Map(parentsFirst(names, keys).map((name, at) => [name, at]));
  return keys.some(({ table, refersTo }) => {
    const [own, other] = [place.get(table), place.get(refersTo)];
    return own !== undefined && other !== undefined && other >= own;
  });
}

/**
 * The tables outside of some whose rows the server changes with theirs: by CASCADE, SET NULL, SET DEFAULT.
 */
export function reachedByActions(
  names: Iterable<string>,
  foreignKeys: readonly ForeignKeyShape[],
): ReadonlySet<string> {
  const acts = foreignKeys.filter(({ onDelete, onUpdate }) =>
    [onDelete, onUpdate].some((one) => one !== 'no action' && one !== 'restrict'),
  );
  const touched = new Set(names);
  const reached = new Set<string>();
  for (let grown = true; grown; ) {
    grown = false;
    for (const { table, refersTo } of acts)
      if (!touched.has(table) && !reached.has(table) && (touched.has(refersTo) || reached.has(refersTo))) {
        reached.add(table);
        grown = true;
      }
  }
  return reached;
}
