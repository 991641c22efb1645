// Migrations that an older server would refuse are refused before it is asked.
import type { MigrationFile } from '../migration/chain.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import type { TextFile } from '../project/sql-files.ts';
import { findNewerSyntax } from '../sql/newer-syntax.ts';

/**
 * Refuses migrations with syntax that the target's server does not support.
 * @param environment the name of the target
 * @param files the files to run
 * @param folder the existing files, for places in messages
 * @throws Problem `newer_syntax` with the first place in the file, if it is written there; `invalid_sql`
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
