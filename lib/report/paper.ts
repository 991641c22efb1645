// What a report is written on.

/** Width, whether colours can be seen, and the time that `2 hours ago` counts from. */
export interface Paper {
  readonly width: number;
  /** Whether longer lines stay whole, as what is kept or searched has to. */
  readonly uncut?: boolean;
  readonly colour: boolean;
  readonly now: Date;
}
