// The indexes that the server considers equal when it looks for one to attach (source: CompareIndexInfo in
// index.c). It compares columns, operator families and conditions, but not directions, the place of NULLs or
// storage parameters.

const order = /"(?:[^"]|"")*"|'(?:[^']|'')*'| (?:ASC|DESC|NULLS FIRST|NULLS LAST)(?=[ ,)])/g;
const constraint = /^(?:PRIMARY KEY|UNIQUE)( NULLS NOT DISTINCT)? (.*)$/s;

const unordered = (columns: string) =>
  columns.replace(order, (found) => (found.startsWith(' ') ? '' : found));

/** A key that is equal for such indexes. */
export const buildIndexKey = (unique: boolean, columns: string, predicate: string | null): string =>
  `${unique ? 'UNIQUE ' : ''}${unordered(columns)} ${predicate ?? ''}`;

/** The same of a constraint's index. */
export function buildConstraintKey(definition: string, predicate: string | null): string {
  const [, distinct = '', columns] = constraint.exec(definition) ?? [];
  return columns === undefined
    ? `${definition} ${predicate ?? ''}`
    : buildIndexKey(true, `btree ${columns}${distinct}`, predicate);
}

/**
 * SQL for the place of a partitioned index: for each in this order the server looks for an equal one of a
 * partition that is attached. All others come behind them.
 */
export const buildPosition = (index: string): string =>
  `case ${index}.relkind when 'I' then ${index}.oid::int8 else 4294967295 end`;
