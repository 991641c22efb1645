// The types of comparisons of changed rows alone, which `since` in the configuration asks for.

/** A comparison of the rows that the source has changed alone. */
export interface PairSince {
  /** The source's column with the time of a row's last change, or xmin. */
  readonly by: string;
  readonly is: 'column' | 'nullable' | 'xmin';
  /** Every so many runs all rows are compared. */
  readonly full: number;
}

/** The rows of a table that are compared, where not all are. */
export interface SinceBound {
  /** An SQL condition over t, in the source. */
  readonly condition: string;
  /** A time, or the number of a transaction. */
  readonly from: string;
}

/** How a table with `since` was compared. */
export interface SinceUse {
  /** The column, or xmin. */
  readonly by: string;
  /** The time or the transaction from which on rows were compared; null: all rows were. */
  readonly from: string | null;
  /** The reason why all rows were compared; null: they were not. */
  readonly reason: string | null;
}
