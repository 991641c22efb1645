// The counters of sequences and identity columns, and their changes without repeating a number.
import { literal, qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';

/** The options of ALTER SEQUENCE; 64-bit numbers as text. */
export interface SequenceOptions {
  /** Null: not to be set, as it is that of the column it belongs to. */
  readonly type: string | null;
  readonly start: string;
  readonly increment: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly cache: string;
  readonly cycle: boolean;
}

/** SQL for the columns of a {@link SequenceOptions}, from pg_sequence q. */
export const sequenceColumns = `q.seqtypid::regtype as type, q.seqstart::text as start,
      q.seqincrement::text as increment, q.seqmin::text as minimum, q.seqmax::text as maximum,
      q.seqcache::text as cache, q.seqcycle as cycle`;

const ends: { readonly [type: string]: bigint } = {
  bigint: 2n ** 63n,
  integer: 2n ** 31n,
  smallint: 2n ** 15n,
};

/** The options of a new counter without its type, where they differ from the server's default. */
export function formatSequenceOptions({
  type,
  start,
  increment,
  minimum,
  maximum,
  cache,
  cycle,
}: SequenceOptions): string[] {
  const end = ends[type ?? 'bigint'] as bigint;
  const down = increment.startsWith('-');
  const options = [
    start !== (down ? maximum : minimum) && `START WITH ${start}`,
    increment !== '1' && `INCREMENT BY ${increment}`,
    minimum !== (down ? `${-end}` : '1') && `MINVALUE ${minimum}`,
    maximum !== (down ? '-1' : `${end - 1n}`) && `MAXVALUE ${maximum}`,
    cache !== '1' && `CACHE ${cache}`,
    cycle && 'CYCLE',
  ];
  return options.filter((option) => option !== false);
}

const settings = ['start', 'increment', 'minimum', 'maximum', 'cache', 'cycle'] as const;

/** `Kind.alter` of all that one ALTER SEQUENCE sets at once. */
export function makeSequenceChanges<C>(change: C): Readonly<Record<(typeof settings)[number], C>> {
  return Object.fromEntries(settings.map((name) => [name, change])) as Record<(typeof settings)[number], C>;
}

const as = (type: string | null) => (type === null ? '' : `AS ${type} `);

const everything = (to: SequenceOptions) =>
  `${as(to.type)}START WITH ${to.start} INCREMENT BY ${to.increment} MINVALUE ${to.minimum}` +
  ` MAXVALUE ${to.maximum} ` +
  `CACHE ${to.cache} ${to.cycle ? '' : 'NO '}CYCLE`;

/**
 * Begins to count after the numbers that a column holds already, so that none comes twice.
 * @param name of the sequence
 * @param column schema, table and column, unquoted
 */
export function setSequenceOptions(
  name: string,
  column: readonly string[],
  counter: SequenceOptions,
): string {
  const { increment, minimum, maximum, start } = counter;
  const down = increment.startsWith('-');
  const last = `${down ? 'min' : 'max'}(${quote(column[2] as string)})`;
  const inside = `HAVING ${last} BETWEEN ${down ? `${minimum} AND ${start}` : `${start} AND ${maximum}`}`;
  return `SELECT pg_catalog.setval(${literal(name)}, ${last}) FROM ${qualify(column.slice(0, 2))} ${inside}`;
}

/**
 * ALTER SEQUENCE. The server refuses bounds that exclude the current value, which is unknown in advance. So
 * before bounds shrink, a value above the last one is set to the last, after which no number can repeat. A
 * value below the first is set to the start.
 */
export function alterSequenceOptions(
  name: string,
  from: SequenceOptions,
  to: SequenceOptions,
): (string | Statement)[] {
  const [low, high] = [BigInt(to.minimum), BigInt(to.maximum)];
  const [oldLow, oldHigh] = [BigInt(from.minimum), BigInt(from.maximum)];
  const alter = `ALTER SEQUENCE ${name} ${everything(to)}`;
  if (low <= oldLow && high >= oldHigh) return [alter];
  const wide = Object.keys(ends).find((type) => type === from.type || type === to.type) ?? null;
  const between =
    `${as(wide)}MINVALUE ${low < oldLow ? low : oldLow} MAXVALUE` + ` ${high > oldHigh ? high : oldHigh}`;
  const down = to.increment.startsWith('-');
  const beyond = down ? `last_value < ${low}` : `last_value > ${high}`;
  const value = `CASE WHEN ${beyond} THEN ${down ? low : high} ELSE ${to.start} END`;
  const outside = `WHERE last_value NOT BETWEEN ${low} AND ${high}`;
  return [
    `ALTER SEQUENCE ${name} ${between}`,
    `SELECT pg_catalog.setval(${literal(name)}, (${value})::bigint, ${beyond}) FROM ${name} ${outside}`,
    alter,
  ];
}
