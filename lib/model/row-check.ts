// Checks of existing rows that a statement needs. A kind returns them as data; they run before any step.

/**
 * The effect on the rows that a check finds: the statement fails on them, or permanently changes their
 * values.
 */
export type RowOutcome = 'fails' | 'loses';

/**
 * The rows that a check finds, over `t`, a row of the table; every name is qualified, except those of
 * `pg_catalog`.
 * - `where`: rows for which this condition is true.
 * - `value` and `type`: rows whose value cannot be computed, or cannot be assigned to the type.
 * - `unique`: rows that share the values of these columns or expressions, written as a list, none of which is
 * null.
 */
export type RowTest =
  | { readonly where: string }
  | { readonly value: string; readonly type: string }
  | { readonly unique: string; readonly where?: string };

/** A question about the rows of one table, as the table is before the plan. */
export interface RowCheck {
  readonly outcome: RowOutcome;
  /** The id of the table's fact. It is asked only where the table is there before the plan. */
  readonly table: string;
  /** Not those of the tables that inherit from it. */
  readonly only?: boolean;
  /** Ids of facts that the test reads. It is asked only where they are the same before and after the plan. */
  readonly reads: readonly string[];
  readonly test: RowTest;
  /** A description of such a row, as the end of a sentence: `no phone`, `a code that is not unique`. */
  readonly words: string;
  /**
   * Names of columns whose values are compared or converted: by a user's code, where their types are not the
   * server's.
   */
  readonly values: readonly string[];
  /** True if the test runs code of users (functions, operators, casts): it then runs as the table's owner. */
  readonly code: boolean;
  /**
   * Ids of other tables that the test reads, as they are before the plan; their columns are compared with
   * `=`. Those of other programs are in no catalog.
   */
  readonly others?: readonly string[];
}
