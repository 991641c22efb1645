// Roles that migrations name and a database does not have: all of them are found before anything runs.
import type { Connection } from '../pg/connection.ts';
import { queryPinned } from '../pg/pinned.ts';
import { Problem } from '../problem/problem.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';

/**
 * Refuses migrations that name roles which the target's server does not have and which they do not create.
 * @param environment the name of the target
 * @throws Problem `missing_roles`; `invalid_sql`
 */
export async function refuseMissingRoles(
  connection: Connection,
  environment: string,
  files: readonly TextFile[],
): Promise<void> {
  const parsed = await parseFiles(files);
  const made = parsed.flatMap(({ madeRoles }) => madeRoles);
  // The text of a DO block that creates roles counts for every name in it.
  const isMade = (role: string) =>
    made.some((text) => text === role || (/\s/.test(text) && text.includes(role)));
  const named = new Set(parsed.flatMap(({ usedRoles }) => usedRoles).filter((role) => !isMade(role)));
  if (named.size === 0) return;
  const rows = await queryPinned<{ name: string }>(
    connection,
    'select rolname::text as name from pg_catalog.pg_roles',
  );
  const known = new Set(rows.map(({ name }) => name));
  const roles = [...named].filter((role) => !known.has(role)).sort();
  if (roles.length > 0) throw new Problem('missing_roles', { environment, roles });
}
