// The digest of a migration's statements, as the ledger stores it. It separates an edited comment from an
// edited statement.
import type { MigrationFile } from '../migration/chain.ts';
import { digestStatements } from '../sql/statements-digest.ts';
import type { Ledger } from './tables.ts';

/** The digest of both ways of a migration; null where they cannot be parsed. */
export async function digestMigration({ migration }: MigrationFile): Promise<string | null> {
  const { up, down, transaction } = migration;
  const [there, back] = [await digestStatements(up), down === null ? 'none' : await digestStatements(down)];
  return there === null || back === null ? null : `${there}${back}${transaction}`;
}

/** The difference between a file and the applied text: in its layout, in its statements, or unknown. */
export type Edit = 'layout' | 'statements' | 'unknown';

/** The same in words, with what to do about it. */
export const editWords: Readonly<Record<Edit, string>> = {
  layout: 'only comments or whitespace differ (db:verify --repair accepts that)',
  statements: 'its statements differ (restore the applied text, and write a new migration for the rest)',
  unknown: 'the difference is unknown (restore the applied text)',
};

/** The edits of files that differ from the applied text, by name. */
export async function findEdits(
  { applied }: Ledger,
  files: readonly MigrationFile[],
): Promise<Map<string, Edit>> {
  const edits = new Map<string, Edit>();
  for (const { name, checksum, statements } of applied) {
    const file = files.find((one) => one.name === name);
    if (file === undefined || file.migration.checksum === checksum) continue;
    const now = await digestMigration(file);
    const known = statements !== null && now !== null;
    edits.set(name, known ? (statements === now ? 'layout' : 'statements') : 'unknown');
  }
  return edits;
}
