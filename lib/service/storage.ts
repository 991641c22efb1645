// The storage of backups: how much they take, how much they may take, and the rules by which old ones go.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveFolder } from '../backup/folder.ts';
import type { Retention } from '../flow/retention.ts';
import type { Project } from '../project/project.ts';
import type { ScheduleDefinition } from './schedule-schemas.ts';
import type { ServiceSettings } from './settings.ts';

/** The storage at a time. */
export interface StorageState {
  /** Bytes of all files in the folder of backups, also of those that are still written. */
  readonly bytes: number;
  /** Null: no limit. */
  readonly limit: number | null;
}

/** Measures the storage. */
export interface StorageMeter {
  /** The state, at most two seconds old. */
  read(): Promise<StorageState>;
  /** The state as it is now. */
  measure(): Promise<StorageState>;
}

/** The limit, and the files that may go for it. */
export interface StorageRule {
  /** Bytes; null: no limit. */
  readonly limit: number | null;
  /** The backups that stay when room is made. */
  readonly retention: Retention;
  /** Backups that other jobs read. They stay, too. */
  readonly inUse: readonly string[];
}

/** From this part of its limit on, the storage is nearly full. */
export const nearlyFull = 0.9;

const maxAge = 2_000;

/** The bytes of the files of a folder and of its folders; 0 where there is none. Files may go meanwhile. */
export async function measureFolder(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map((entry) => {
      const own = join(path, entry.name);
      if (entry.isDirectory()) return measureFolder(own);
      return entry.isFile() ? stat(own).then(({ size }) => size, none) : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const none = () => 0;

/** The folder of backups of a service. */
export const folderOfBackups = (project: Project, { backups }: Pick<ServiceSettings, 'backups'>) =>
  resolveFolder(project, backups ?? undefined);

/** Opens the meter. */
export function openStorageMeter(
  project: Project,
  settings: Pick<ServiceSettings, 'backups' | 'maxStorage'>,
  now: () => Date,
): StorageMeter {
  const { path } = folderOfBackups(project, settings);
  let newest: { readonly at: number; readonly state: Promise<StorageState> } | null = null;
  const measure = () => {
    const state = measureFolder(path).then((bytes) => ({ bytes, limit: settings.maxStorage }));
    newest = { at: now().getTime(), state };
    return state;
  };
  return {
    measure,
    read: () => (newest !== null && now().getTime() - newest.at < maxAge ? newest.state : measure()),
  };
}

/** How full the storage is. */
export type Fullness = 'ok' | 'nearly full' | 'full';

/** Says how full the storage is. Without a limit it is never full. */
export function judgeFullness({ bytes, limit }: StorageState): Fullness {
  if (limit === null || bytes < nearlyFull * limit) return 'ok';
  return bytes >= limit ? 'full' : 'nearly full';
}

type PruneRules = Extract<ScheduleDefinition, { task: 'prune' }>;

/** The rules without other numbers: 7 days, 4 weeks and 6 months. */
export const usualRetention: Retention = { daily: 7, weekly: 4, monthly: 6 };

/**
 * The rules by which room is made: those of the schedules that prune. Of several, each backup that one of
 * them keeps stays.
 */
export function findRetention(definitions: readonly ScheduleDefinition[]): Retention {
  const rules = definitions.filter((one): one is PruneRules => one.task === 'prune').map(retentionOf);
  if (rules.length === 0) return usualRetention;
  const most = (period: keyof Retention) => Math.max(...rules.map((rule) => rule[period]));
  return { daily: most('daily'), weekly: most('weekly'), monthly: most('monthly') };
}

// As `prune` reads them: with one number given, the others are 0.
function retentionOf({ keepDaily, keepWeekly, keepMonthly }: PruneRules): Retention {
  if ([keepDaily, keepWeekly, keepMonthly].every((one) => one === undefined)) return usualRetention;
  return { daily: keepDaily ?? 0, weekly: keepWeekly ?? 0, monthly: keepMonthly ?? 0 };
}
