// Deletes backups that no rule keeps.
import { rename, rm } from 'node:fs/promises';
import { type BackupsInput, findBackups } from '../backup/find.ts';
import { resolveFolder } from '../backup/folder.ts';
import { type BackupReport, reportBackup } from '../backup/report.ts';
import { verifyChecksum } from '../backup/verify.ts';
import { type Backup, manifestPath } from '../flow/manifest.ts';
import { applyRetention, type Reason } from '../flow/retention.ts';
import { isMissing, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath } from '../project/sql-files.ts';
import type { Workspace } from '../project/workspace.ts';

/** The retention options; default: 7 days, 4 weeks and 6 months. */
export interface PruneInput extends BackupsInput {
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  /** Names of backups that stay because they are read. */
  readonly except?: readonly string[];
  /** Deletes the backups; otherwise they are only listed. */
  readonly yes?: boolean;
}

/** The result for each backup. */
export interface PruneReport {
  readonly folder: string;
  /** Those that stay, with why. */
  readonly kept: readonly (BackupReport & { readonly why: readonly Reason[] })[];
  /** Those that go. */
  readonly removed: readonly BackupReport[];
  /** True if they were deleted. */
  readonly done: boolean;
}

/**
 * Finds the backups that no rule keeps, and deletes them where that was agreed to. Each is compared with its
 * manifest first: one that is broken counts for nothing, and stays.
 * @throws Problem `bad_option`, `unreadable_file`, `unwritable_file`
 */
export async function prune(workspace: Workspace, input: PruneInput): Promise<PruneReport> {
  const { keepDaily, keepWeekly, keepMonthly, yes = false } = input;
  for (const [name, count] of Object.entries({ keepDaily, keepWeekly, keepMonthly }))
    if (count !== undefined && !(Number.isInteger(count) && count >= 0))
      throw new Problem('bad_option', { option: name, reason: 'it must be a whole number, not below 0' });
  const said = [keepDaily, keepWeekly, keepMonthly].some((count) => count !== undefined);
  const [daily, weekly, monthly] = said ? [keepDaily ?? 0, keepWeekly ?? 0, keepMonthly ?? 0] : [7, 4, 6];
  const found = await findBackups(workspace.project, input);
  const faults = new Map<Backup, readonly string[]>();
  for (const one of found) {
    workspace.world.progress(`Reading ${one.name}`);
    faults.set(one, await faultsOf(one));
  }
  const good = (one: Backup) => faults.get(one)?.length === 0;
  const candidates = found.map((one) => ({
    name: one.name,
    of: `${one.manifest?.database} of ${one.manifest?.environment}`,
    time: one.manifest?.started ?? '',
    good: good(one),
    keep: one.keep,
  }));
  const reasons = applyRetention(candidates, { daily, weekly, monthly });
  const isUsed = ({ name }: Backup) => input.except?.includes(name) ?? false;
  const why = (one: Backup): Reason[] => [...(reasons.get(one.name) ?? []), ...(isUsed(one) ? used : [])];
  const report = (one: Backup) => reportBackup(workspace.project, one, faults.get(one));
  const kept = found.filter((one) => why(one).length > 0).map((one) => ({ ...report(one), why: why(one) }));
  const goes = found.filter((one) => why(one).length === 0);
  if (yes) for (const one of goes) await removeBackup(workspace.project, one);
  return {
    folder: resolveFolder(workspace.project, input.dir).shown,
    kept,
    removed: goes.map(report),
    done: yes,
  };
}

const used = ['in use'] as const;

async function faultsOf(backup: Backup): Promise<readonly string[]> {
  const { damaged } = backup.manifest ?? {};
  if (damaged !== undefined) return damaged.faults;
  try {
    await verifyChecksum(backup);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    return thrown.code === 'backup_damaged' ? (thrown.data as { faults: string[] }).faults : [thrown.message];
  }
}

/** Deletes a backup. It is renamed first, so that an interrupt leaves nothing that looks like a backup. */
export async function removeBackup(project: Project, { path }: Pick<Backup, 'path'>): Promise<void> {
  await whileWriting(shownPath(project.root, path), async () => {
    await rename(path, `${path}.partial`).catch((thrown) => {
      // Another run of pgmage has removed it.
      if (!isMissing(thrown)) throw thrown;
    });
    await rm(manifestPath(path), { force: true });
    await rm(`${path}.partial`, { recursive: true, force: true });
  });
}
