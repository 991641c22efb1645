// The data of a migration that existing rows are certain to stop.

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
}
