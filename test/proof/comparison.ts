// Two observations → what differs, as lines for people.
import { isEqual } from '../../lib/model/diff.ts';
import type { Json } from '../../lib/model/fact.ts';
import type { Observation, Row } from './observer.ts';

/**
 * Everything that differs between two databases of one server, apart from the order of columns.
 * @param initial an empty database: a row that only one side has touched is compared with it
 * @param kept rows of which the heirs' own is not compared, by {@link keptLocal}
 */
export function differences(
  reached: Observation,
  wanted: Observation,
  initial: Observation,
  kept: ReadonlyMap<string, string> = new Map(),
): string[] {
  const lines: string[] = [];
  for (const key of new Set([...wanted.rows.keys(), ...reached.rows.keys()])) {
    const from = reached.rows.get(key) ?? initial.rows.get(key);
    const to = wanted.rows.get(key) ?? initial.rows.get(key);
    if (from === undefined) lines.push(`missing: ${key}`);
    else if (to === undefined) lines.push(`too many: ${key}`);
    else lines.push(...changes(key, from, kept.has(key) ? { ...to, ...localIn(from) } : to));
  }
  for (const catalog of wanted.untouched.keys()) {
    const a = remaining(reached, initial, catalog);
    const b = remaining(wanted, initial, catalog);
    if (a !== b) lines.push(`${catalog}: ${a} instead of ${b} of initdb's rows remain`);
  }
  return lines;
}

/**
 * The columns and constraints that are wanted as inherited alone and stay the heir's own: no command of the
 * server takes that back. They were its own before, or its table has got another parent.
 * @returns the keys of their rows, with their tables
 */
export function keptLocal(from: Observation, reached: Observation, wanted: Observation): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [key, row] of reached.rows) {
    const [name] = Object.keys(localIn(row));
    if (name === undefined || row[name] !== true || wanted.rows.get(key)?.[name] !== false) continue;
    const table = String(row.attrelid ?? row.conrelid);
    const moved = parentsOf(from, table) !== parentsOf(wanted, table);
    const isOld = [...from.orders.keys()].includes(table);
    if (wasLocal(from, key, row, name) || (isOld && moved)) kept.set(key, table);
  }
  return kept;
}

// A NOT NULL may have had another name.
function wasLocal({ rows }: Observation, key: string, row: Row, name: string): boolean {
  if (rows.get(key)?.[name] === true) return true;
  return (
    row.contype === 'n' &&
    [...rows.values()].some(
      (other) =>
        other[name] === true && other.conrelid === row.conrelid && other.definition === row.definition,
    )
  );
}

const localIn = (row: Row): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name === 'attislocal' || name === 'conislocal'));

function parentsOf({ rows }: Observation, table: string): string {
  return [...rows.keys()]
    .filter((key) => key.startsWith(`pg_inherits ${table}, `))
    .sort()
    .join('\n');
}

/** Tables whose columns are the same in another order. */
export function reordered(reached: Observation, wanted: Observation): string[] {
  return [...wanted.orders]
    .filter(([table, order]) => reached.orders.get(table) !== order)
    .map(([table]) => table);
}

function changes(key: string, from: Row, to: Row): string[] {
  return Object.keys(to)
    .filter((name) => !isEqual(from[name] as Json, to[name] as Json))
    .map((name) => `${key}: ${name} is ${JSON.stringify(from[name])}, wanted ${JSON.stringify(to[name])}`);
}

// Rows that are no longer untouched have either been changed, and were seen, or dropped.
function remaining(observation: Observation, initial: Observation, catalog: string): number {
  let count = observation.untouched.get(catalog) ?? 0;
  for (const key of observation.rows.keys())
    if (key.startsWith(`${catalog} `) && initial.rows.has(key)) count++;
  return count;
}
