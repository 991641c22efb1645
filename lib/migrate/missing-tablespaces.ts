// Tablespaces that migrations need and a server does not have: all of them are found before anything runs.
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import type { TextFile } from '../project/sql-files.ts';
import { visitStatements } from '../sql/parse.ts';
import { useTablespaces } from '../sql/tablespaces.ts';

/**
 * Refuses migrations that need tablespaces which the target's server does not have and which they do not
 * create before.
 * @param environment the name of the target
 * @throws Problem `missing_tablespaces`; `invalid_sql`
 */
export async function refuseMissingTablespaces(
  connection: Connection,
  environment: string,
  files: readonly TextFile[],
): Promise<void> {
  const naming = files.filter(({ text }) => /tablespace/i.test(text));
  if (naming.length === 0) return;
  const rows = await queryPinned<{ name: string }>(
    connection,
    'select spcname::text as name from pg_catalog.pg_tablespace',
  );
  const known = new Set(rows.map(({ name }) => name));
  const missing = new Set<string>();
  for (const { file, text } of naming)
    await visitStatements(file, text, ({ tag, node, start, end }, sql) => {
      for (const name of useTablespaces(tag, node, sql.slice(start, end), known)) missing.add(name);
    });
  const tablespaces = [...missing].sort();
  if (tablespaces.length > 0) throw new Problem('missing_tablespaces', { environment, tablespaces });
}
