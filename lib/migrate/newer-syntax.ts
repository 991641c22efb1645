// Migrations that an older server would refuse are refused before it is asked.
import type { MigrationFile } from '../migration/chain.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { findNewerSyntax } from '../sql/newer-syntax.ts';

/**
 * Refuses migrations with syntax that the target's server does not know.
 * @param environment what the target is called
 * @param files what is going to be run
 * @param folder the files that are there already, which people can be pointed at
 * @throws Problem `newer_syntax` with the place of the first in the file, where that is written; `invalid_sql`
 */
export async function refuseNewer(
  { major }: Pick<Connection, 'major'>,
  environment: string,
  files: readonly TextFile[],
  folder: readonly MigrationFile[],
): Promise<void> {
  const written = new Set(folder.map(({ file }) => file));
  for (const file of await parseFiles(files)) {
    const found = await findNewerSyntax(file, major);
    const [first] = found;
    if (first === undefined) continue;
    const uses = [...new Set(found.map(({ what, since }) => `${what} (PostgreSQL ${since})`))];
    const since = Math.max(...found.map((one) => one.since));
    const data = { environment, major, migration: file.file, uses, since };
    throw new Problem('newer_syntax', data, written.has(file.file) ? { where: first.where } : {});
  }
}
