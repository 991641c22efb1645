// What a migration does, as the ledger keeps it: by this a comment that was edited is told from a statement.
import type { MigrationFile } from '../migration/chain.ts';
import { meaningOf } from '../sql/statements-digest.ts';
import type { Ledger } from './tables.ts';

/** The digest of both ways of a migration; null where they cannot be parsed. */
export async function statementsDigest({ migration }: MigrationFile): Promise<string | null> {
  const { up, down, transaction } = migration;
  const [there, back] = [await meaningOf(up), down === null ? 'none' : await meaningOf(down)];
  return there === null || back === null ? null : `${there}${back}${transaction}`;
}

/** How a file differs from what was applied: in its layout alone, in what it does, or nobody can say. */
export type Edit = 'layout' | 'statements' | 'unknown';

/** The same in words, with what to do about it. */
export const editWords: Readonly<Record<Edit, string>> = {
  layout: 'only comments or whitespace differ (db:verify --repair accepts that)',
  statements: 'its statements differ (restore the applied text, and write a new migration for the rest)',
  unknown: 'the difference is unknown (restore the applied text)',
};

/** How those files differ from what was applied that do, by their names. */
export async function editsOf(
  { applied }: Ledger,
  files: readonly MigrationFile[],
): Promise<Map<string, Edit>> {
  const edits = new Map<string, Edit>();
  for (const { name, checksum, statements } of applied) {
    const file = files.find((one) => one.name === name);
    if (file === undefined || file.migration.checksum === checksum) continue;
    const now = await statementsDigest(file);
    const known = statements !== null && now !== null;
    edits.set(name, known ? (statements === now ? 'layout' : 'statements') : 'unknown');
  }
  return edits;
}
