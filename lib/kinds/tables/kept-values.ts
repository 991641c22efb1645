// The changes of type that keep every value: a cast there and back returns the same value, unless the cast
// fails. Unknown changes may lose values (manual: Data Types; CREATE CAST; catalog pg_cast).
// `test/migrate/loss-matrix.test.ts` compares it with servers.

/** A type of the server's own, taken apart. */
interface BuiltIn {
  readonly base: string;
  /** As written: length, precision and scale. */
  readonly sizes: readonly number[];
}

const unlimited = Number.POSITIVE_INFINITY;

// The longest text of types whose values never end with a blank, in characters of ASCII.
const longest: Readonly<Record<string, number>> = {
  boolean: 5,
  date: 13,
  'time without time zone': 15,
  'time with time zone': 24,
  'timestamp without time zone': 45,
  smallint: 6,
  integer: 11,
  bigint: 20,
  real: 15,
  'double precision': 24,
  oid: 10,
  uuid: 36,
  macaddr: 17,
  macaddr8: 23,
  inet: 49,
  cidr: 49,
};

const texts = ['text', 'character varying'];

// By the type that each of the others comes back to as it was.
const keptAs: Readonly<Record<string, readonly string[]>> = {
  boolean: ['smallint', 'integer', 'bigint', 'json', 'jsonb'],
  smallint: ['integer', 'bigint', 'real', 'double precision', 'json', 'jsonb'],
  integer: ['smallint', 'bigint', 'double precision', 'json', 'jsonb'],
  bigint: ['smallint', 'integer', 'json', 'jsonb'],
  real: ['double precision'],
  oid: ['bigint'],
  cidr: ['inet'],
  macaddr: ['macaddr8'],
  jsonb: ['json'],
  text: ['json'],
  'character varying': ['json'],
  int4range: ['int8range', 'numrange', 'int4multirange'],
  int8range: ['numrange', 'int8multirange'],
  numrange: ['nummultirange'],
  daterange: ['tsrange', 'datemultirange'],
  tsrange: ['tsmultirange'],
  tstzrange: ['tstzmultirange'],
  int4multirange: ['int8multirange', 'nummultirange'],
  int8multirange: ['nummultirange'],
  datemultirange: ['tsmultirange'],
};

// A field of an interval leaves out those after it (manual: Interval Input).
const fields = ['year', 'month', 'day', 'hour', 'minute', 'second'];

function taken(type: string): BuiltIn {
  const sizes = /\((-?\d+)(?:,(-?\d+))?\)/.exec(type) ?? [];
  const base = type.replace(/\([^)]*\)/, '');
  return { base, sizes: sizes.slice(1).flatMap((size) => (size === undefined ? [] : [Number(size)])) };
}

/**
 * True if a change of type keeps every value that it does not refuse.
 * @param from a built-in type, as format_type prints it; so is `to`
 * @param asked true if the cast is explicit: it then truncates long values, while an implicit one fails on
 * them
 */
export function keepsValues(from: string, to: string, asked: boolean): boolean {
  if (from === to) return true;
  if (from.endsWith('[]') && to.endsWith('[]')) return keepsValues(from.slice(0, -2), to.slice(0, -2), true);
  if (to.endsWith('[]')) return false;
  const [a, b] = [taken(from), taken(to)];
  if (texts.includes(b.base)) return keepsAsText(from, a, b.sizes[0] ?? unlimited, asked);
  if (from.endsWith('[]')) return false;
  if (a.base === b.base) return keepsWithin(a, b, asked);
  if (b.base === 'character') return lengthOf(a) <= (b.sizes[0] ?? 1);
  if (a.base === 'bit' && b.base === 'bit varying')
    return !asked || (b.sizes[0] ?? unlimited) >= (a.sizes[0] ?? unlimited);
  if (a.base === 'bit varying' && b.base === 'bit') return !asked;
  return keepsTime(from, to) ?? keepsNumber(a, b) ?? keptAs[a.base]?.includes(b.base) ?? false;
}

function lengthOf({ base, sizes: [precision] }: BuiltIn): number {
  // A sign, a point and a zero before it.
  return base === 'numeric' && precision !== undefined ? precision + 3 : (longest[base] ?? unlimited);
}

function keepsAsText(from: string, type: BuiltIn, limit: number, asked: boolean): boolean {
  const { base, sizes } = type;
  // Without a length it holds blanks at the end, which no other type takes over. A name may be one of
  // nothing.
  if (base === 'bpchar' || (base.startsWith('reg') && !from.endsWith('[]'))) return false;
  if (base === 'character' && !from.endsWith('[]')) return !asked || (sizes[0] ?? unlimited) <= limit;
  const most = base === 'character varying' ? (sizes[0] ?? unlimited) : lengthOf(type);
  return limit === unlimited || (!from.endsWith('[]') && most <= limit);
}

function keepsWithin({ base, sizes: [n, scale = 0] }: BuiltIn, b: BuiltIn, asked: boolean): boolean {
  const [m, wide = 0] = b.sizes;
  if (base === 'numeric') return m === undefined || (n !== undefined && wide >= scale);
  if (/^time/.test(base)) return (m ?? 6) >= (n ?? 6);
  // Assigning a long value fails, unless its end is blanks of a varying text.
  const fails = base === 'character' || base === 'bit' || base === 'bit varying';
  return (fails && !asked) || (m ?? unlimited) >= (n ?? unlimited);
}

function keepsTime(from: string, to: string): boolean | undefined {
  const [a, b] = [taken(from), taken(to)];
  if (a.base.startsWith('interval') && b.base.startsWith('interval'))
    return lastField(b) >= lastField(a) && (b.sizes[0] ?? 6) >= (lastField(a) < 5 ? 0 : (a.sizes[0] ?? 6));
  // The instant of a time without a zone depends on the session's zone, and some times exist twice or not at
  // all.
  if (a.base === 'date') return b.base === 'timestamp without time zone';
  if (a.base === 'time without time zone' && b.base === 'time with time zone')
    return (b.sizes[0] ?? 6) >= (a.sizes[0] ?? 6);
  return undefined;
}

function lastField({ base }: BuiltIn): number {
  const at = fields.indexOf(base.split(' ').at(-1) as string);
  return at < 0 ? fields.length - 1 : at;
}

const whole = ['smallint', 'integer', 'bigint'];

// The digits that a number with a floating point gives back as they were.
const digits: Readonly<Record<string, number>> = { real: 6, 'double precision': 15 };

function keepsNumber(a: BuiltIn, b: BuiltIn): boolean | undefined {
  if (b.base === 'numeric' && a.base === 'oid') return (b.sizes[1] ?? 0) === 0;
  if (b.base === 'numeric' && [...whole, 'boolean'].includes(a.base)) return (b.sizes[1] ?? 0) >= 0;
  if (b.base === 'numeric' && a.base === 'money') return b.sizes.length === 0;
  if (a.base !== 'numeric' || a.sizes[0] === undefined) return undefined;
  if (whole.includes(b.base)) return (a.sizes[1] ?? 0) <= 0;
  return b.base in digits ? a.sizes[0] <= (digits[b.base] as number) : undefined;
}
