// The data of a migration that existing rows stop, and the advice on its file.

/** A pending file that rows do not fit, with those that follow it: the ways to change them. */
export interface FileRepair {
  /** True if `db:sync --replace` writes them again from the schema. */
  readonly isRewritable: boolean;
  /** Those that are sealed: each can be edited without its line `-- Checksum` alone. */
  readonly sealed: readonly string[];
}

/** The advice on the file of a migration: the sentences after those on its rows. */
export function adviseFile(file: string, { isRewritable, sealed }: FileRepair): string {
  if (isRewritable) return `Or correct the schema, then run db:sync --replace: it writes ${file} again.`;
  const lines = sealed.length > 1 ? 'the lines' : 'the line';
  const unsealed =
    sealed.length === 0 ? '' : `delete ${lines} \`-- Checksum\` of ${sealed.join(', ')}, then `;
  return (
    `Or, if no other database has ${file}, ${unsealed}edit its SQL or delete the file.` +
    ' Then run db:sync again.'
  );
}

/** The rows, and what would fail on them. */
export interface RowsInTheWay {
  readonly environment: string;
  readonly findings: readonly string[];
  /** The file with the statement that would fail; null: it is not written yet. */
  readonly migration: string | null;
  /** True if db:push would have made the change, without a migration. */
  readonly pushed?: boolean;
  /** True if a migration failed half-way before, which is finished first. */
  readonly unfinished?: boolean;
  /** Objects that are dropped and added and may be renames: `users.phone=mobile`. */
  readonly renames?: readonly string[];
  /** The advice on the file, by `adviseFile`. */
  readonly repair?: string;
}
