// Two observations → what differs, as lines for people.
import { equal } from '../../lib/model/diff.ts';
import type { Json } from '../../lib/model/fact.ts';
import type { Observation, Row } from './observer.ts';

/**
 * Everything that differs between two databases of one server, apart from the order of columns.
 * @param initial an empty database: a row that only one side has touched is compared with it
 */
export function differences(reached: Observation, wanted: Observation, initial: Observation): string[] {
  const lines: string[] = [];
  for (const key of new Set([...wanted.rows.keys(), ...reached.rows.keys()])) {
    const from = reached.rows.get(key) ?? initial.rows.get(key);
    const to = wanted.rows.get(key) ?? initial.rows.get(key);
    if (from === undefined) lines.push(`missing: ${key}`);
    else if (to === undefined) lines.push(`too many: ${key}`);
    else lines.push(...changes(key, from, to));
  }
  for (const catalog of wanted.untouched.keys()) {
    const a = remaining(reached, initial, catalog);
    const b = remaining(wanted, initial, catalog);
    if (a !== b) lines.push(`${catalog}: ${a} instead of ${b} of initdb's rows remain`);
  }
  return lines;
}

/** Tables whose columns are the same in another order. */
export function reordered(reached: Observation, wanted: Observation): string[] {
  return [...wanted.orders]
    .filter(([table, order]) => reached.orders.get(table) !== order)
    .map(([table]) => table);
}

function changes(key: string, from: Row, to: Row): string[] {
  return Object.keys(to)
    .filter((name) => !equal(from[name] as Json, to[name] as Json))
    .map((name) => `${key}: ${name} is ${JSON.stringify(from[name])}, wanted ${JSON.stringify(to[name])}`);
}

// Rows that are no longer untouched have either been changed, and were seen, or dropped.
function remaining(observation: Observation, initial: Observation, catalog: string): number {
  let count = observation.untouched.get(catalog) ?? 0;
  for (const key of observation.rows.keys())
    if (key.startsWith(`${catalog} `) && initial.rows.has(key)) count++;
  return count;
}
