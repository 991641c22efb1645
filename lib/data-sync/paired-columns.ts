// Finds the source of each column of a target table.
import type { DataIdsConfig } from '../config/data.ts';
import { quote } from '../model/quote.ts';
import { applyHashRule, asText } from '../pg/row-hash.ts';
import { outputText } from '../pg/values.ts';
import { type Conversion, convert } from './conversions.ts';
import type { BothSides, ColumnPair, ColumnShape, FitCheck, PairingNote, TableShape } from './shape.ts';

/** The configuration of one table of the source. */
export interface TableWish {
  /** The table of the target; default: the same name. */
  readonly to?: string;
  /** The compared rows, as SQL; one text applies to both sides. */
  readonly where?: string | Partial<BothSides<string>>;
  /** For a column of the target: SQL over the source's columns, or `rounded`. */
  readonly columns?: Readonly<Record<string, string | { readonly from?: string; readonly ids: string }>>;
  /** The new ids of its rows. */
  readonly ids?: DataIdsConfig;
  /** The mark of rows that have changed. */
  readonly since?: 'xmin' | { readonly column: string };
  /** Every so many runs all rows are compared. */
  readonly full?: number;
}

/** The mask of a column of the source. */
export interface Masked {
  /** SQL, without the alias of the table. */
  readonly sql: string;
}

/** The options of a pairing. */
export interface PairingWish {
  /** By qualified names, as the configuration writes them. */
  readonly tables: Readonly<Record<string, TableWish>>;
  /** Columns that identify a row, by qualified name of the target's table. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
  /** True if a table of the source is compared. */
  isWanted(table: TableShape): boolean;
  /** The SQL that replaces a column of the source. */
  maskOf(table: TableShape, column: string): Masked | undefined;
}

/** The input for the pairing of one table. */
export interface PairingMeans {
  readonly own: TableWish;
  readonly wish: PairingWish;
  /** The casts of the source. */
  readonly casts: ReadonlySet<string>;
  readonly hasForeignCasts: boolean;
}

/** The source of a column. */
export interface FoundColumn {
  readonly pair: ColumnPair | null;
  readonly fitChecks: readonly FitCheck[];
  /** The source's column of that name, or the one that an expression names. */
  readonly uses: string | null;
  readonly isPlain: boolean;
  readonly note: Omit<PairingNote, 'what'> | null;
}

const without = (note: FoundColumn['note'], uses: string | null = null): FoundColumn => ({
  pair: null,
  fitChecks: [],
  uses,
  isPlain: false,
  note,
});

/** Finds the source of a column of the target. */
export function pairColumn(
  from: TableShape,
  column: ColumnShape,
  { own, wish, casts, hasForeignCasts }: PairingMeans,
): FoundColumn {
  const given = own.columns?.[column.name];
  const isRounded = given === 'rounded';
  const expression = isRounded || typeof given === 'object' ? undefined : given;
  const source = from.columns.find(({ name }) => name === (expression ?? column.name));
  if (column.generated !== null) return generated(column, source);
  if (source === undefined && expression !== undefined) return computed(column, expression, hasForeignCasts);
  if (source === undefined) {
    const isNeeded = column.notNull && !column.hasDefault;
    const reason = 'the source has no such column';
    return without(
      isNeeded
        ? {
            verdict: 'refused',
            reason: `${reason}, and it is NOT NULL without a default`,
            forbids: 'inserting',
          }
        : { verdict: 'skipped', reason },
    );
  }
  const mask = wish.maskOf(from, source.name);
  const sql = mask === undefined ? `t.${quote(source.name)}` : `(${mask.sql})`;
  const converted = convert({ sql, column: source }, column, casts, isRounded);
  if (converted.is === 'refused')
    return without({ verdict: 'refused', reason: converted.reason, forbids: 'comparing' }, source.name);
  const types = converted.is === 'same' ? [] : [`${source.plain} becomes ${column.plain}`];
  const reasons = [...(mask === undefined ? [] : ['a mask takes the place of its values']), ...types];
  return {
    pair: pairedColumn(column, converted, sql),
    fitChecks: fitCheck(column, converted, sql),
    uses: source.name,
    isPlain: mask === undefined && converted.is !== 'rounded',
    note: reasons.length === 0 ? null : { verdict: 'converted', reason: reasons.join(', and ') },
  };
}

// A function outside of the system's schema, as pg_get_expr writes it. A text can look like one.
const callsOwn = (expression: string) =>
  /(?:"|\b(?!pg_catalog\.)[a-z_]\w*)\.(?:"[^(]*"|\w+)\(/.test(expression.replace(/'(?:[^']|'')*'/g, ''));

function generated(column: ColumnShape, source: ColumnShape | undefined): FoundColumn {
  const isSame = source?.generated === column.generated;
  if (isSame && !callsOwn(column.generated ?? '')) return without(null, source.name);
  const target = `the target generates it as ${column.generated}`;
  const other = source?.generated ? `${target}, the source as ${source.generated}` : target;
  const reason = isSame ? `${target}, by a function that can be another one in the source` : other;
  return without({ verdict: 'skipped', reason }, source?.name);
}

function computed(column: ColumnShape, expression: string, foreign: boolean): FoundColumn {
  if (foreign)
    return without({
      verdict: 'refused',
      reason: 'another role of the source has made casts, which would run with your rights in its expression',
      forbids: 'comparing',
    });
  const value = column.isSystem ? `(${expression})::${column.plain}` : `(${expression})`;
  const pair = {
    name: column.name,
    type: column.plain,
    value: { from: value, to: `t.${quote(column.name)}` },
    hash: {
      from: column.isSystem ? applyHashRule(column.rule, value) : asText(value, false),
      to: applyHashRule(column.rule, `t.${quote(column.name)}`),
    },
  };
  const note = { verdict: 'converted' as const, reason: `the source gives ${expression}` };
  return { pair, fitChecks: [], uses: null, isPlain: false, note };
}

function pairedColumn(
  column: ColumnShape,
  { is, value }: Exclude<Conversion, { is: 'refused' }>,
  sql: string,
): ColumnPair {
  const there = `t.${quote(column.name)}`;
  // Rounded, the target is what the source's value is rounded to. The rule of a domain is that of its text.
  const from = is === 'same' ? sql : value;
  return {
    name: column.name,
    type: column.plain,
    value: { from: value, to: there },
    hash: { from: applyHashRule(column.rule, from), to: applyHashRule(column.rule, there) },
  };
}

function fitCheck(
  column: ColumnShape,
  { unfit }: Exclude<Conversion, { is: 'refused' }>,
  sql: string,
): FitCheck[] {
  return unfit === null ? [] : [{ column: column.name, type: column.plain, unfit, text: outputText(sql) }];
}
