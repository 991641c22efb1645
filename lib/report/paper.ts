// What a report is written on.

/** Width, whether colours can be seen, and the time that `2 hours ago` counts from. */
export interface Paper {
  readonly width: number;
  readonly colour: boolean;
  readonly now: Date;
}
