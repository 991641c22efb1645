// The properties of the output that a report is written for.

/** Width, whether colours can be seen, and the time that `2 hours ago` counts from. */
export interface Paper {
  readonly width: number;
  /** True if longer lines stay whole, for output that is kept or searched. */
  readonly uncut?: boolean;
  readonly colour: boolean;
  readonly now: Date;
  /** The path of a file from the root of the repository, for annotations; left out: it stays. */
  repositoryPath?(file: string): string;
}
