// The entries of the audit. A migration outside of a transaction has two: its start, and its result once
// there is one.

/** One action with a migration. It is never changed. */
export interface AuditEntry {
  readonly migration: string;
  readonly version: string;
  readonly direction: 'up' | 'down';
  readonly checksum: string;
  /**
   * `begun`: it runs outside of a transaction, and its work up to its end or failure is there; `baseline`:
   * its work was there already, and it was only recorded as applied.
   */
  readonly outcome: 'begun' | 'done' | 'failed' | 'baseline';
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** Its duration; outside of a transaction, from its start to its result. null: unknown. */
  readonly milliseconds: number | null;
  readonly role: string;
  readonly systemUser: string | null;
  readonly gitAuthor: string | null;
  readonly gitCommit: string | null;
  readonly tool: string;
  /** The error of a failure. */
  readonly detail: string | null;
}

/** The audit's words for taking back what broke off: its result is one of the other direction. */
export const undoingDetail = 'undoing the failed migration';

/** The entries without those of which a later one has the result. */
export function listResults(deeds: readonly AuditEntry[]): AuditEntry[] {
  return deeds.filter((begun, at) => {
    const next = deeds.slice(at + 1).find(({ migration }) => migration === begun.migration);
    return next === undefined || !isResult(begun, next);
  });
}

/** The entries with the durations that the times of a start and its result give. */
export function addDurations(deeds: readonly AuditEntry[]): AuditEntry[] {
  const last = new Map<string, AuditEntry>();
  return deeds.map((deed) => {
    const before = last.get(deed.migration);
    last.set(deed.migration, deed);
    if (deed.milliseconds !== null || before === undefined || !isResult(before, deed)) return deed;
    return { ...deed, milliseconds: Date.parse(deed.at) - Date.parse(before.at) };
  });
}

// True of an entry and the next one of its migration.
function isResult({ outcome, direction, detail }: AuditEntry, next: AuditEntry): boolean {
  const isEnd = next.direction === direction || (detail === undoingDetail && next.direction === 'down');
  return outcome === 'begun' && isEnd && (next.outcome === 'done' || next.outcome === 'failed');
}
