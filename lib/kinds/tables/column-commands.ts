// The SQL of columns: their clause, and the commands that change their stored values.
import type { Fact, PartPath } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement } from '../../model/step.ts';
import { alterTable } from './alter-table.ts';
import { heirsOf } from './column-heirs.ts';
import { mayLose } from './lost-values.ts';
import { checkChangedValues, checkConversion, quoteInRow } from './row-checks.ts';
import { mayFail, rewritesTable, writeConversion } from './type-conversions.ts';
import { convertValue } from './value-conversion.ts';

/** The payload of a column. */
export interface Column {
  /** Defined here, or a partition's; false: only inherited. No command changes it, so it is not compared. */
  readonly local: boolean;
  /** `stored` or `virtual`, with `expression`. */
  readonly generated: string | null;
  readonly expression: string | null;
  readonly type: string;
  readonly collation: string | null;
  readonly storage: string;
  /** Storage other than its type's usual one. */
  readonly customStorage: boolean;
  readonly compression: string | null;
  readonly statistics: number | null;
  readonly options: readonly string[];
}

/** A column as a fact. */
export type ColumnFact = Fact<Column, PartPath>;

/** The column's table, qualified. */
export const quoteTable = (fact: ColumnFact) => qualify(fact.path.slice(0, 2));
/** The column's own name, quoted. */
export const quoteName = (fact: ColumnFact) => quote(fact.path[2]);
/** The start of a command on this table's column alone. */
export const alterColumnOnly = (fact: ColumnFact) =>
  `ALTER TABLE ONLY ${quoteTable(fact)} ALTER COLUMN ${quoteName(fact)}`;
/** The start of a command that reaches heirs and partitions too. */
export const alterColumn = (fact: ColumnFact) =>
  `ALTER TABLE ${quoteTable(fact)} ALTER COLUMN ${quoteName(fact)}`;

const collated = ({ payload: { type, collation } }: ColumnFact) =>
  collation === null ? type : `${type} COLLATE ${collation}`;

/** A column as CREATE TABLE and ADD COLUMN take it. */
export function writeColumnClause(fact: ColumnFact, { clauses }: Scope): string {
  const { type, collation, generated, expression, compression } = fact.payload;
  const parts = [
    `${quoteName(fact)} ${type}`,
    // The server reads it before COLLATE alone (gram.y: columnDef).
    compression !== null && `COMPRESSION ${compression}`,
    collation !== null && `COLLATE ${collation}`,
    generated !== null && `GENERATED ALWAYS AS (${expression}) ${generated.toUpperCase()}`,
    ...clauses.map(({ sql }) => sql),
  ];
  return parts.filter(Boolean).join(' ');
}

/**
 * The column as its clause creates it. Heirs inherit the storage when their table is created, but not when
 * the column is added later.
 */
export function getCarried(fact: ColumnFact, { before, after }: Scope): Column {
  const { local } = fact.payload;
  const inherits = !local && !before.facts.has(fact.parent as string);
  const origin = inherits ? after.facts.get(fact.origins[0] as string)?.payload : undefined;
  const { storage = fact.payload.storage, customStorage = false } = (origin ?? {}) as Partial<Column>;
  const bare = { statistics: null, options: [] };
  return { ...fact.payload, ...origin, ...bare, local, storage, customStorage };
}

/** Settings with commands of their own. */
export const columnSettings = {
  storage: (fact: ColumnFact) => `${alterColumnOnly(fact)} SET STORAGE ${fact.payload.storage}`,
  compression: (fact: ColumnFact) =>
    `${alterColumnOnly(fact)} SET COMPRESSION ${fact.payload.compression ?? 'default'}`,
  statistics: (fact: ColumnFact) =>
    `${alterColumnOnly(fact)} SET STATISTICS ${fact.payload.statistics ?? -1}`,
};

const isOfTable = (fact: ColumnFact, { before }: Scope) => before.facts.has(`table:${quoteTable(fact)}`);

/** True if a generated column would need USING, which the server refuses: its values are computed again. */
export function isRefusedType(from: ColumnFact, to: ColumnFact, scope: Scope): boolean {
  const isGenerated = from.payload.generated !== null && to.payload.generated !== null;
  return isGenerated && writeConversion(from.payload.type, to.payload.type, quoteName(to), scope) !== '';
}

/**
 * ALTER COLUMN … TYPE, with its cost.
 * @param replaced true if a new type has replaced the old one under its name
 */
export function retype(from: ColumnFact, to: ColumnFact, replaced: boolean, scope: Scope): Statement {
  const [a, b] = [from.payload.type, to.payload.type];
  const isTable = isOfTable(from, scope);
  const moved = replaced ? convertValue(quoteName(to), a, b, scope) : undefined;
  const convert = (value: string) =>
    moved === undefined
      ? writeConversion(a, b, value, scope)
      : ` USING ${convertValue(value, a, b, scope).sql}`;
  // The server refuses USING for a foreign table, whose values it never converts (source: tablecmds.c,
  // ATPrepAlterColumnType).
  const using = isTable ? convert(quoteName(to)) : '';
  // Generated values are computed again, and the rows of a foreign table are elsewhere, but for its heirs'.
  const isStored = isTable || heirsOf(from, scope.before.facts).some((heir) => isOfTable(heir, scope));
  const isOwn = to.payload.generated === null && isStored;
  const changes = isOwn && (moved?.changes ?? mayLose(a, b, scope, using !== ''));
  const fails = moved?.mayFail ?? mayFail(a, b);
  const value = quoteInRow(to);
  const expression = convert(value).slice(' USING '.length) || value;
  return alterTable(quoteTable(to), `ALTER COLUMN ${quoteName(to)} TYPE ${collated(to)}${using}`, 'type', {
    hazards: [
      ...(isStored && rewritesTable(a, b) ? (['rewrites_table'] as const) : []),
      ...(isStored && fails ? (['may_fail_on_existing_rows'] as const) : []),
      ...(isStored && moved?.loses ? (['deletes_data'] as const) : []),
      ...(changes ? (['loses_values'] as const) : []),
    ],
    lock: 'ACCESS EXCLUSIVE',
    checks: [
      // The rows of a foreign table may not be there to be read.
      ...(fails && isOwn && isTable ? [checkConversion(from, to, expression, scope)] : []),
      // A replaced type does not exist yet when the rows are checked.
      ...(changes && isTable && moved === undefined ? [checkChangedValues(from, a, b, scope)] : []),
    ],
  });
}

/** SET STORAGE where it is not the type's usual one, which a change of type brings with it. */
export const restoreStorage = (from: ColumnFact, to: ColumnFact) =>
  from.payload.customStorage || to.payload.customStorage || from.payload.type === to.payload.type
    ? columnSettings.storage(to)
    : [];
