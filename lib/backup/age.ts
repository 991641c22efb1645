// The age of backups, for monitoring.
import { Problem } from '../problem/problem.ts';
import type { BackupReport } from './report.ts';

/** An environment whose newest good backup is too old. */
export interface StaleEnvironment {
  /** Null: there is no backup at all. */
  readonly environment: string | null;
  /** The time of its newest good backup, ISO 8601; null: it has none. */
  readonly newest: string | null;
  readonly maxAge: string;
}

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** An age in milliseconds: `26h`, `90m`, `2d`, `30s`. @throws Problem `bad_option` */
export function parseAge(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (count === undefined)
    throw new Problem('bad_option', {
      option: '--max-age',
      reason: `${text || "''"} is not a number with s, m, h or d, such as 26h`,
    });
  return Number(count) * units[unit as keyof typeof units];
}

/**
 * The environments whose newest good backup is older than an age, or that have none.
 * @param wanted `env`: only this environment; left out: all that have backups
 */
export function findStale(
  backups: readonly BackupReport[],
  { env, maxAge, now }: { readonly env: string | undefined; readonly maxAge: string; readonly now: Date },
): StaleEnvironment[] {
  const limit = now.getTime() - parseAge(maxAge);
  const known = backups.map(({ environment }) => environment).filter((name) => name !== null);
  const environments = env === undefined ? [...new Set(known)] : [env];
  if (environments.length === 0) return [{ environment: null, newest: null, maxAge }];
  return environments.flatMap((environment) => {
    const good = backups.filter((one) => one.environment === environment && one.faults.length === 0);
    const newest = good.reduce<string | null>(
      (last, { started }) => (started !== null && started > (last ?? '') ? started : last),
      null,
    );
    return newest !== null && Date.parse(newest) >= limit ? [] : [{ environment, newest, maxAge }];
  });
}
