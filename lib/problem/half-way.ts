// Migrations that failed half-way: the commands that go on from there.

/** A migration whose statements are committed one by one. Only the first ones may have run. */
export interface HalfWay {
  readonly migration: string;
  readonly direction: 'up' | 'down';
}

/** The work of a connection that was lost. */
export interface LostWork {
  /** It was lost while a COMMIT was waited for. */
  readonly unanswered?: 'COMMIT';
  /** The server was asked in vain what came of it. */
  readonly outcome?: 'unknown';
  readonly halfWay?: HalfWay;
}

/** `run db:sync to continue, or db:rollback to undo it`. */
export const waysOut = (direction: 'up' | 'down' = 'up'): string =>
  direction === 'up'
    ? 'run db:sync to continue, or db:rollback to undo it'
    : 'run db:rollback again to continue';
