// Which backups stay: so many days, weeks and months of each database have one.

/** A backup as retention sees it. */
export interface Candidate {
  readonly name: string;
  /** What it is a backup of: each is judged by itself. */
  readonly of: string;
  /** ISO 8601, in UTC. */
  readonly time: string;
  /** Whether it is known to be good. */
  readonly good: boolean;
  /** Whether somebody wants it to stay. */
  readonly keep: boolean;
}

/** How many days, weeks and months keep their newest backup. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** Why a backup stays. */
export type Reason = 'newest' | 'daily' | 'weekly' | 'monthly' | 'keep' | 'broken';

/**
 * Says why each backup stays; one without a reason may go. One that is not known to be good counts for nothing and stays,
 * for somebody has to look at it; the newest good one always stays.
 */
export function retained(
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
