// Conversions of stored values when their type is replaced under its name: by cast or attribute, else as
// text.
import type { Catalog } from '../../model/catalog.ts';
import type { Scope } from '../../model/kind.ts';
import { quote } from '../../model/quote.ts';
import { isMemberType } from '../extensions/member-types.ts';
import { findBaseType, isBuiltIn, listAttributes, mayLose } from './lost-values.ts';
import { mayFail, writeConverted } from './type-conversions.ts';

/** The expression that converts a value, and its possible losses. */
export interface ValueConversion {
  readonly sql: string;
  readonly mayFail: boolean;
  /** A part of them is left behind. */
  readonly loses: boolean;
  /** They are not the same any more. */
  readonly changes: boolean;
}

type Facts = Catalog['facts'];

/**
 * @param value SQL for a value of the old type `from`, which may have been set aside
 * @param to the new type
 */
export function convertValue(value: string, from: string, to: string, scope: Scope): ValueConversion {
  const [a, b] = [findBaseType(from, scope.before.facts), findBaseType(to, scope.after.facts)];
  const shape = reshape(value, a, b, scope);
  if (shape !== undefined)
    return b === to ? shape : { ...shape, sql: `(${shape.sql})::${to}`, mayFail: true };
  // Types of users may differ from the ones before that had their names.
  const isKnown = isBuiltIn(b) && (isBuiltIn(a) || isMemberType(a, 'hstore', scope.before.facts));
  const converted = isKnown ? writeConverted(a, b, value, scope) : `${value}::text`;
  const sql = isKnown && b === to ? converted : `${converted}::${to}`;
  // A domain may refuse what its base type holds.
  const loses = shuffled(a, b, scope);
  const changes = !loses && mayLose(a, b, scope, true);
  return { sql, mayFail: !isKnown || b !== to || mayFail(a, b), loses, changes };
}

// Arrays of composite values can only go as text, by place: attributes that change places then swap their
// values.
function shuffled(from: string, to: string, scope: Scope): boolean {
  if (!from.endsWith('[]') || !to.endsWith('[]')) return false;
  const names = (type: string, facts: Facts) =>
    [...(listAttributes(type.slice(0, -2), facts)?.keys() ?? [])].join('\n');
  return names(from, scope.before.facts) !== names(to, scope.after.facts);
}

// Composite values go attribute by attribute, because as text they would go by place.
function reshape(value: string, from: string, to: string, scope: Scope): ValueConversion | undefined {
  const [old, now] = [listAttributes(from, scope.before.facts), listAttributes(to, scope.after.facts)];
  if (old === undefined || now === undefined) return undefined;
  const moves = [...now].map(([name, type]) => {
    const had = old.get(name);
    return had === undefined ? undefined : convertValue(`(${value}).${quote(name)}`, had, type, scope);
  });
  const loses = moves.some((one) => one?.loses) || [...old.keys()].some((name) => !now.has(name));
  const row = `ROW(${moves.map((one) => one?.sql ?? 'NULL').join(', ')})::${to}`;
  // A row of nulls is not null, but `IS NULL` is true of both.
  const sql = `CASE WHEN ${value}::text IS NOT NULL THEN ${row} END`;
  const changes = moves.some((one) => one?.changes);
  return { sql, mayFail: moves.some((one) => one?.mayFail), loses, changes };
}
