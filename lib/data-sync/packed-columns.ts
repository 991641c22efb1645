// Columns that a temporary table has no place for: a table has at most 1,600 (manual: "PostgreSQL Limits"),
// and a stage has more than its table. Their values are kept as texts, in an array.
import { outputText } from '../pg/values.ts';
import type { ColumnShape, TablePair } from './shape.ts';

const most = 1_600;

/**
 * The places of the columns of a pair that are kept as texts: none that the stage is searched by, and none
 * whose type, or a cast to it, a user can define.
 */
export function findPacked({ columns, key, to, ids }: TablePair): ReadonlySet<number> {
  const translated = columns.filter(({ written }) => written !== undefined).length;
  const allotted = ids?.allotted;
  const own = allotted?.is === 'column' || allotted?.mapping.staged ? 1 : 0;
  // With the hash of the old row.
  const surplus = columns.length + translated + own + 1 - most;
  if (surplus <= 0) return new Set();
  const searched = new Set([
    ...key.map(({ name }) => name),
    ...to.table.uniques.flatMap((one) => one.columns ?? []),
  ]);
  const shapes = new Map(to.table.columns.map((one) => [one.name, one]));
  const fits = ({ isSystem, identity }: ColumnShape) => isSystem && identity !== 'always';
  const packed = columns.flatMap(({ name, written }, at) => {
    const shape = shapes.get(name);
    return written === undefined && !searched.has(name) && shape !== undefined && fits(shape) ? [at] : [];
  });
  // The array takes a place, too.
  return new Set(packed.slice(-(surplus + 1)));
}

/** SQL over s for the value of each column of a stage, by its place. */
export function stagedValues(pair: TablePair): readonly string[] {
  const packed = [...findPacked(pair)];
  return pair.columns.map(({ type }, at) => {
    const place = packed.indexOf(at);
    return place < 0 ? `s.c${at}` : `(s.packed[${place + 1}])::${type}`;
  });
}

/** Expressions for the values of a row, in the order in which a stage is loaded. */
export function packValues(pair: TablePair, values: readonly string[]): readonly string[] {
  const packed = findPacked(pair);
  if (packed.size === 0) return values;
  const texts = values.filter((_, at) => packed.has(at)).map(outputText);
  return [...values.filter((_, at) => !packed.has(at)), `array[${texts.join(', ')}]::text[]`];
}
