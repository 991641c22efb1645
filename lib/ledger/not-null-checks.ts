// The failure of a check that pgmage writes in place of a NOT NULL, in the words of that NOT NULL.

const name = String.raw`"(?:[^"]|"")+"|[\w$]+`;

/** A failure in words that name the column, and how to find the rows. */
export interface NamedFailure {
  readonly reason: string;
  readonly detail: string;
}

/**
 * Names the column of a failed check, which the server calls `pgmage_4_not_null`.
 * @param message the server's message
 * @param text the text of the migration
 * @returns null: the message is about something else
 */
export function nameNotNull(message: string, text: string): NamedFailure | null {
  const [, check] = /"(pgmage_\d+_not_null)"/.exec(message) ?? [];
  const [, relation = ''] = /of relation "(.+)" is violated/.exec(message) ?? [];
  if (check === undefined) return null;
  const adding = new RegExp(
    String.raw`ALTER TABLE (\S.*?) ADD CONSTRAINT ${check} CHECK \((${name}) IS NOT NULL\)`,
    'g',
  );
  const found = [...text.matchAll(adding)].find(([, table = '']) =>
    table.replaceAll('"', '').endsWith(relation),
  );
  if (found === undefined) return null;
  const [, table, column = ''] = found;
  return {
    reason: `column ${column.startsWith('"') ? column : `"${column}"`} of ${table} contains null values`,
    detail: `These rows: SELECT * FROM ${table} WHERE ${column} IS NULL`,
  };
}
