// Converts values of a source column to the type of the target's column, with the server's own casts only.
import { keepsValues } from '../kinds/tables/kept-values.ts';
import { literal } from '../model/quote.ts';
import { outputText } from '../pg/values.ts';
import type { ColumnShape } from './shape.ts';

/** The result of a conversion, or the reason why there is none. */
export type Conversion =
  | {
      readonly is: 'same' | 'converted' | 'rounded';
      /** SQL for the value in the target's type. */
      readonly value: string;
      /** SQL that is true of a value that the target's type does not take; null: it takes all. */
      readonly unfit: string | null;
    }
  | { readonly is: 'refused'; readonly reason: string };

/** A value of the source. */
export interface SourceValue {
  /** SQL over t. */
  readonly sql: string;
  readonly column: ColumnShape;
}

/**
 * Converts a value to the type of a column.
 * @param casts the server's own implicit and assignment casts, as `bigint integer`
 * @param round whether digits that the target does not keep may be lost
 */
export function convert(
  { sql, column: from }: SourceValue,
  to: ColumnShape,
  casts: ReadonlySet<string>,
  round = false,
): Conversion {
  if (from.known === to.known) {
    const missing = from.labels?.filter((label) => !to.labels?.includes(label)) ?? [];
    const unfit =
      missing.length === 0
        ? null
        : `${outputText(sql)} in (${missing.map((one) => literal(one)).join(', ')})`;
    return { is: 'same', value: sql, unfit };
  }
  const isText = texts.test(to.plain);
  if (!to.isSystem || (!from.isSystem && !isText)) return refused(from, to);
  // The text that its output function writes: a cast to text could be one that the database's owner has made.
  if (!from.isSystem) {
    const text = outputText(sql);
    return { is: 'converted', value: `(${text})::${to.plain}`, unfit: tooLong(text, to.plain) };
  }
  const names = [from.plain, to.plain].map(withoutSize) as [string, string];
  const [a, b] = names;
  const isSameShape = a.endsWith('[]') === b.endsWith('[]');
  const isCast = a === b || casts.has(names.map(element).join(' '));
  if (!isText && !(isSameShape && isCast)) return refused(from, to);
  const value = `(${sql})::${to.plain}`;
  const unfit = unfitFor(sql, from.plain, to.plain);
  if (keepsFitting(from.plain, to.plain)) return { is: 'converted', value, unfit };
  if (round) return { is: 'rounded', value, unfit };
  return {
    is: 'refused',
    reason:
      `${to.plain} does not keep every ${from.plain}; 'rounded' in its configuration compares` +
      ' what the target keeps',
  };
}

// A text that is short enough is kept by a limited type, too.
function keepsFitting(from: string, to: string): boolean {
  const types = /^character varying/.test(to) ? [to, 'text'] : [to];
  return types.some((type) => keepsValues(from, type, true) || keepsValues(from, type, false));
}

const texts = /^(text|character varying|character)(\(|$)/;
const withoutSize = (type: string) => type.replace(/\(\d+(,-?\d+)?\)/, '');
const element = (type: string) => type.replace(/\[\]$/, '');

function refused(from: ColumnShape, to: ColumnShape): Conversion {
  const isId = [from.plain, to.plain].includes('uuid');
  const way = isId
    ? 'ids in the configuration map old keys to new ones'
    : 'write an expression for it in columns';
  return {
    is: 'refused',
    reason: `the server has no assignment cast of its own from ${from.plain} to ${to.plain}; ${way}`,
  };
}

const limits: Readonly<Record<string, readonly [low: string, high: string]>> = {
  smallint: ['-32768', '32767'],
  integer: ['-2147483648', '2147483647'],
  bigint: ['-9223372036854775808', '9223372036854775807'],
};
const whole = Object.keys(limits);
// Decimal digits that a whole number has at most.
const digits: Readonly<Record<string, number>> = { smallint: 5, integer: 10, bigint: 19 };

function unfitFor(sql: string, from: string, to: string): string | null {
  const [a, b] = [withoutSize(from), withoutSize(to)];
  if (texts.test(to))
    return a === b || texts.test(from) ? tooLong(sql, to, from) : tooLong(`(${sql})::text`, to);
  const limit = limits[b];
  if (limit !== undefined && (!whole.includes(a) || whole.indexOf(a) > whole.indexOf(b)))
    return a in { numeric: 1, real: 1, 'double precision': 1, bigint: 1, integer: 1 }
      ? `round((${sql})::numeric) not between ${limit[0]} and ${limit[1]}`
      : null;
  const [size, scale = '0'] = /\((\d+)(?:,(-?\d+))?\)/.exec(to)?.slice(1) ?? [];
  if (size === undefined) return null;
  if (b === 'numeric') {
    const before = Number(size) - Number(scale);
    if ((digits[a] ?? Number.POSITIVE_INFINITY) <= before) return null;
    return `abs(round(nullif((${sql})::numeric, 'NaN'), ${scale})) >= 1e${before}::numeric`;
  }
  if (b === 'bit') return `length(${sql}) <> ${size}`;
  if (b === 'bit varying') return `length(${sql}) > ${size}`;
  return null;
}

function tooLong(text: string, to: string, from = 'text'): string | null {
  const size = sizeOf(to);
  return size === null || (sizeOf(from) ?? Number.POSITIVE_INFINITY) <= size
    ? null
    : `char_length(${text}) > ${size}`;
}

function sizeOf(type: string): number | null {
  const size = /\((\d+)\)/.exec(type)?.[1];
  return size === undefined ? (/^character$/.test(type) ? 1 : null) : Number(size);
}
