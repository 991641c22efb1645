// Conversions of existing values when a column changes its type.
import type { Scope } from '../../model/kind.ts';
import { isMemberType } from '../extensions/member-types.ts';

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

// Those that a number becomes as it is written, not the character of that number.
const wholeTexts = ['text', 'character varying', 'character', 'name'];

const ranges = ['int4', 'int8', 'num', 'date', 'ts', 'tstz'];
const floating = ['smallint', 'real', 'double precision'];

// The type between two that the server does not convert directly, and that go wrong as text.
const between: Readonly<Record<string, string>> = {
  ...fill(['integer', 'bigint', ...floating], (type) => `money>${type}`, 'numeric'),
  ...fill(floating, (type) => `${type}>money`, 'numeric'),
  ...fill(['bigint', 'numeric', ...floating], (type) => `boolean>${type}`, 'integer'),
  ...fill(['smallint', 'bigint', 'numeric'], (type) => `${type}>boolean`, 'integer'),
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
const readsNoText = /^reg\w+>(oid|integer|bigint)$|^(oid|integer|bigint)>reg\w+$|^hstore>jsonb?$/;

/**
 * The USING clause that a change of type needs, empty where the server converts by itself. Types without a
 * conversion go through text, which every type can be read from and written to.
 */
export function writeConversion(from: string, to: string, column: string, scope: Scope): string {
  const isHstore = [scope.before, scope.after].some(({ facts }) => isMemberType(from, 'hstore', facts));
  // All other types without a schema are the server's own.
  const [a, b] = [isHstore ? `hstore${from.endsWith('[]') ? '[]' : ''}` : base(from), base(to)];
  const [x, y] = [a.replace(/\[\]$/, ''), b.replace(/\[\]$/, '')];
  const arrays = a.endsWith('[]') === b.endsWith('[]');
  const middle = arrays ? between[`${x}>${y}`] : undefined;
  if (middle !== undefined) return ` USING ${column}::${middle}${a.slice(x.length)}::${to}`;
  const family = families.some((types) => types.includes(x) && types.includes(y));
  if (arrays && (x === y || family)) return '';
  if (families[1]?.includes(b)) return ` USING ${column}::${to}`;
  // Of arrays, the server casts each element.
  const pair = arrays ? `${x}>${y}` : `${a}>${b}`;
  if (explicit.has(pair) || readsNoText.test(pair)) return ` USING ${column}::${to}`;
  // From the least of its values to the greatest, with all between them.
  if (ranges.some((name) => a === `${name}multirange` && b === `${name}range`))
    return ` USING pg_catalog.range_merge(${column})`;
  // Arrays go element by element: as a whole, a box has another delimiter.
  const isArray = arrays && a.endsWith('[]');
  if (isArray && wholeTexts.includes(y)) return ` USING ${column}::${to}`;
  return ` USING ${column}::text${isArray ? '[]' : ''}::${to}`;
}

/** The same as an expression, also where the server converts by itself. */
export function writeConverted(from: string, to: string, value: string, scope: Scope): string {
  const using = writeConversion(from, to, value, scope);
  return using === '' ? `${value}::${to}` : using.slice(' USING '.length);
}

/**
 * True if rows must be rewritten: false only where the stored bytes stay valid without a check (source:
 * ATColumnChangeRequiresRewrite in tablecmds.c, and the support functions of casts to the same type).
 */
export function rewritesTable(from: string, to: string): boolean {
  const [x, y] = [base(from), base(to)];
  if (x === 'cidr' && y === 'inet') return false;
  const isText = [x, y].every((type) => type === 'character varying' || type === 'text');
  const [narrow, wide] = [sizesOf(from), sizesOf(to)];
  if (x !== y && !isText) return true;
  // A type without a size has no limit. Words in parentheses are a modifier that an extension defines.
  if (wide.length === 0) return to.includes('(') || (from === to && !isText);
  if (isText || x === 'bit varying') return !holds(wide, narrow);
  if (x === 'numeric') return !holds(wide, narrow) || wide[1] !== narrow[1];
  return !fractional.test(x) || digitsOf(wide) < digitsOf(narrow);
}

// Types with digits of seconds.
const fractional = /^(time(stamp)? with(out)? time zone|interval[a-z ]*)$/;

const holds = ([wide = 0]: readonly number[], [narrow = Number.POSITIVE_INFINITY]: readonly number[]) =>
  wide >= narrow;

// Each type holds every value of those before it. Not here: a timestamp, which ends before the last date, and
// in the next zone before the last timestamp; and jsonb, which refuses \u0000, numbers beyond numeric's, and
// deeper nesting than json.
const widenings = [
  ['smallint', 'integer', 'bigint', 'numeric'],
  ['real', 'double precision'],
  ['"char"', 'character', 'character varying', 'text'],
  ['name', 'text'],
  ['bit', 'bit varying'],
  ['jsonb', 'json'],
  ['cidr', 'inet'],
  ['macaddr', 'macaddr8'],
  ['int4range', 'int8range', 'numrange'],
  ['int4multirange', 'int8multirange', 'nummultirange'],
  ...ranges.map((name) => [`${name}range`, `${name}multirange`]),
];

/** True if some value of the one type may not fit the other. */
export function mayFail(from: string, to: string): boolean {
  const isArray = from.endsWith('[]') && to.endsWith('[]');
  const [x, y] = [from, to].map((type) => (isArray ? base(type).slice(0, -2) : base(type))) as [
    string,
    string,
  ];
  const [narrow, wide] = [sizesOf(from), sizesOf(to)];
  // The longest interval cannot be rounded up (source: AdjustIntervalForTypmod).
  if (isInterval(x) && isInterval(y)) return digitsOf(wide) < digitsOf(narrow);
  if (x === y) return narrows(x, narrow, wide);
  const isShorter = narrow.length === 0 || wide.some((size, index) => size < (narrow[index] ?? 0));
  if (wide.length > 0 && isShorter && !isTime(y)) return true;
  // From the least of its values to the greatest.
  if (!isArray && ranges.some((name) => x === `${name}multirange` && y === `${name}range`)) return false;
  return (
    y !== 'text' &&
    !(x === 'boolean' && (y === 'integer' || between[`${x}>${y}`] !== undefined)) &&
    !widenings.some((types) => types.includes(x) && types.indexOf(x) < types.indexOf(y))
  );
}

const sizesOf = (type: string) =>
  (/\(([\d,-]+)\)/.exec(type)?.[1] ?? '').split(',').filter(Boolean).map(Number);

const digitsOf = ([digits = 6]: readonly number[]) => digits;

const isInterval = (type: string) => /^interval[^[]*$/.test(type);

// A precision of seconds rounds, and refuses nothing.
const isTime = (type: string) => /^(time|interval)/.test(type);

// The same type with other sizes.
function narrows(type: string, from: readonly number[], to: readonly number[]): boolean {
  if (to.length === 0 || isTime(type)) return false;
  if (from.length === 0) return true;
  // Assigned bits have exactly their length.
  if (type === 'bit') return from[0] !== to[0];
  const [[most = 0, scale = 0], [room = 0, places = 0]] = [from, to];
  // A value that is rounded up may need one more digit before the point.
  return type === 'numeric' ? room - places < most - scale + (places < scale ? 1 : 0) : room < most;
}
