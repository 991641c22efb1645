// Conversions of existing values when a column changes its type.

// Families of types among which the server converts by assignment (manual: catalog pg_cast, context `a` or
// `i`).
const families = [
  ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'money'],
  ['text', 'character varying', 'character', 'name', '"char"'],
  ['date', 'timestamp without time zone', 'timestamp with time zone'],
  ['time without time zone', 'time with time zone', 'interval'],
  ['bit', 'bit varying'],
  ['json', 'jsonb'],
  ['inet', 'cidr'],
  ['macaddr', 'macaddr8'],
];

const ranges = ['int4', 'int8', 'num', 'date', 'ts', 'tstz'];
const floating = ['smallint', 'real', 'double precision'];

// The type between two that the server does not convert directly, and that go wrong as text.
const between: Readonly<Record<string, string>> = {
  ...fill(['integer', 'bigint', ...floating], (type) => `money>${type}`, 'numeric'),
  ...fill(floating, (type) => `${type}>money`, 'numeric'),
  ...fill(['bigint', 'numeric', ...floating], (type) => `boolean>${type}`, 'integer'),
  ...fill(['smallint', 'bigint'], (type) => `${type}>boolean`, 'integer'),
  'interval>time with time zone': 'time without time zone',
  'time with time zone>interval': 'time without time zone',
};

function fill(types: readonly string[], pair: (type: string) => string, by: string): Record<string, string> {
  return Object.fromEntries(types.map((type) => [pair(type), by]));
}

// `character varying(20)[]` → `character varying[]`, `timestamp(3) with time zone` → `timestamp with time
// zone`.
function base(type: string): string {
  return type.replace(/\s*\([^)]*\)/, '');
}

// Conversions that exist, but only when asked for.
const explicit = new Set([
  'boolean>integer',
  'integer>boolean',
  'integer>bit',
  'bigint>bit',
  'bit>integer',
  'bit>bigint',
  'timestamp without time zone>time without time zone',
  'timestamp with time zone>time without time zone',
  ...ranges.map((name) => `${name}range>${name}multirange`),
]);

// Names of objects, and the pairs of an extension's type, whose text the other type does not read.
const readsNoText = /^reg\w+>(oid|integer|bigint)$|^(oid|integer|bigint)>reg\w+$|^([\w$]+\.)?hstore>jsonb?$/;

/**
 * The USING clause that a change of type needs, empty where the server converts by itself. Types without a
 * conversion go through text, which every type can be read from and written to.
 */
export function writeConversion(from: string, to: string, column: string): string {
  const [a, b] = [base(from), base(to)];
  const [x, y] = [a.replace(/\[\]$/, ''), b.replace(/\[\]$/, '')];
  const arrays = a.endsWith('[]') === b.endsWith('[]');
  const middle = arrays ? between[`${x}>${y}`] : undefined;
  if (middle !== undefined) return ` USING ${column}::${middle}${a.slice(x.length)}::${to}`;
  const family = families.some((types) => types.includes(x) && types.includes(y));
  if (arrays && (x === y || family)) return '';
  if (families[1]?.includes(b) || explicit.has(`${a}>${b}`) || readsNoText.test(`${a}>${b}`))
    return ` USING ${column}::${to}`;
  // From the least of its values to the greatest, with all between them.
  if (ranges.some((name) => a === `${name}multirange` && b === `${name}range`))
    return ` USING pg_catalog.range_merge(${column})`;
  return ` USING ${column}::text::${to}`;
}

/** True if rows must be rewritten: false only where the stored bytes stay valid without a check. */
export function rewritesTable(from: string, to: string): boolean {
  const limit = (type: string) => Number(/\((\d+)\)/.exec(type)?.[1] ?? Number.POSITIVE_INFINITY);
  const varying = (type: string) => base(type) === 'character varying' || type === 'text';
  return !(varying(from) && varying(to) && limit(to) >= limit(from));
}

// Each type holds every value of those before it.
const widenings = [
  ['smallint', 'integer', 'bigint', 'numeric'],
  ['real', 'double precision'],
  ['date', 'timestamp without time zone', 'timestamp with time zone'],
  ['"char"', 'character', 'character varying', 'text'],
  ['name', 'text'],
  ['json', 'jsonb'],
];

/** True if some value of the one type may not fit the other. */
export function mayFail(from: string, to: string): boolean {
  const sizes = (type: string) =>
    (/\(([\d,]+)\)/.exec(type)?.[1] ?? '').split(',').filter(Boolean).map(Number);
  const [wide, narrow] = [sizes(to), sizes(from)];
  if (wide.length > 0 && (narrow.length === 0 || wide.some((size, index) => size < (narrow[index] ?? 0))))
    return true;
  const [x, y] = [base(from), base(to)];
  return (
    x !== y &&
    y !== 'text' &&
    !(x === 'boolean' && (y === 'integer' || between[`${x}>${y}`] !== undefined)) &&
    !widenings.some((types) => types.includes(x) && types.indexOf(x) < types.indexOf(y))
  );
}
