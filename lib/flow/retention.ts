// The retention of backups: each database keeps one for a number of days, weeks and months.

/** A backup as retention sees it. */
export interface Candidate {
  readonly name: string;
  /** The database of the backup: each database has its own retention. */
  readonly of: string;
  /** ISO 8601, in UTC. */
  readonly time: string;
  /** True if the backup was verified. */
  readonly good: boolean;
  /** True if a user marked it to keep. */
  readonly keep: boolean;
}

/** The number of days, weeks and months that keep their newest backup. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** Why a backup stays. */
export type Reason = 'newest' | 'daily' | 'weekly' | 'monthly' | 'keep' | 'broken' | 'in use';

/**
 * Returns the reasons to keep each backup; one without a reason may be deleted. A backup that is not known to
 * be intact does not count and stays, because a person has to check it. The newest intact one always stays.
 */
export function applyRetention(
  candidates: readonly Candidate[],
  retention: Retention,
): ReadonlyMap<string, Reason[]> {
  const reasons = new Map(candidates.map(({ name }) => [name, [] as Reason[]]));
  const add = ({ name }: Candidate, reason: Reason) => reasons.get(name)?.push(reason);
  for (const one of candidates) {
    if (!one.good) add(one, 'broken');
    if (one.keep) add(one, 'keep');
  }
  for (const database of new Set(candidates.map((one) => one.of))) {
    const good = candidates
      .filter((one) => one.of === database && one.good)
      .sort((a, b) => (a.time > b.time ? -1 : a.time < b.time ? 1 : a.name > b.name ? -1 : 1));
    if (good[0] !== undefined) add(good[0], 'newest');
    for (const period of ['daily', 'weekly', 'monthly'] as const) {
      const seen = new Set<string>();
      for (const one of good) {
        const key = periods[period](one.time);
        if (seen.has(key) || seen.size >= retention[period]) continue;
        seen.add(key);
        add(one, period);
      }
    }
  }
  return reasons;
}

const periods = {
  daily: (time: string) => time.slice(0, 10),
  // The Monday of its week.
  weekly: (time: string) => {
    const day = new Date(`${time.slice(0, 10)}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
    return day.toISOString().slice(0, 10);
  },
  monthly: (time: string) => time.slice(0, 7),
};
