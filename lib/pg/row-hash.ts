// One hash for one row, equal on every server version: clones, backups and data sync compare rows by it.
import { isSystems, outputText, systemText } from './values.ts';

/**
 * An expression as its text, for a hash. @param isSystem whether its type is, or is a domain over, one of the
 * system
 */
export function asText(expression: string, isSystem = true): string {
  return `(${isSystem ? systemText(expression) : outputText(expression)}) collate pg_catalog."C"`;
}

// The placeholder of the expression in a type's rule from the server.
const place = '%1$s';

/**
 * SQL for the rule by which values of a type are hashed, as a format for one expression. A value that has 32
 * bits, or that is hashed by its bytes, is hashed as it is. A larger number is hashed as its type sends it,
 * which keeps the scale of a numeric and all bits. Every other value is hashed as the text of its output
 * function (`values.ts`). All of these are equal on every server version: indexes, partitions and programs
 * rely on it.
 * @param id the type's oid, as SQL; @param type an alias of its row of pg_type
 */
export const hashRule = (
  id: string,
  type: string,
) => `case when ${id} = any ('{bool,int2,int4,oid,date,uuid,bytea,"char"}'::regtype[]) then '${place}'
    when ${id} = any ('{text,varchar}'::regtype[]) then '${place} collate "C"'
    when ${id} = any ('{int8,numeric,time,timestamp,timestamptz}'::regtype[])
    then format('pg_catalog.%s(%%1$s)', ${type}.typsend)
    when ${isSystems(type)} then '${asText(place)}'
    else '${asText(place, false)}' end`;

/** The hashed expression of a value. @param rule as `hashRule` returns it */
export function applyHashRule(rule: string, expression: string): string {
  return rule.replaceAll(place, () => expression);
}

/**
 * The hash of a row. A record's hash adds up the hashes of its values, so two swapped values would not change
 * it. So this hashes it again.
 * @param expressions the hashed expression of each value
 */
export function rowHash(expressions: readonly string[]): string {
  return `hashtextextended(hash_record_extended(row(${expressions.join(', ')}), 0)::text collate "C", 0)`;
}

/**
 * A query for the digest of the rows of a table t. int8 hashes add up to a numeric, which does not overflow
 * and counts duplicate rows.
 */
export function digestQuery(name: string, expressions: readonly string[], condition = ''): string {
  return `select count(*) as rows, coalesce(sum(${rowHash(expressions)}), 0)::text as hash
    from only ${name} t ${condition}`;
}
