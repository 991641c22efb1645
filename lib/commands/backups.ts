// Says what backups there are, and whether they are good.

import { findStale, type StaleEnvironment } from '../backup/age.ts';
import { type DrillOptions, findDrillServer } from '../backup/drill.ts';
import { type BackupsInput, findBackup, findBackups } from '../backup/find.ts';
import { resolveFolder } from '../backup/folder.ts';
import type { BackupReport } from '../backup/report.ts';
import { reportBackup } from '../backup/report.ts';
import { drillBackup, recordDamage, verifyBackup } from '../backup/verify.ts';
import type { Client } from '../flow/child.ts';
import { findClients } from '../flow/client.ts';
import type { Backup, Verification } from '../flow/manifest.ts';
import { Problem } from '../problem/problem.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of a verification. */
export interface VerifyBackupsInput extends BackupsInput, DrillOptions {
  /** Restore each, in a database of its own that is dropped again. */
  readonly drill?: boolean;
}

/** All backups of a folder. */
export interface BackupsReport {
  readonly folder: string;
  /** The only environment whose backups these are; left out: all of them. */
  readonly environment?: string;
  readonly backups: readonly BackupReport[];
  /** The environments whose newest good backup is older than `maxAge`. */
  readonly stale: readonly StaleEnvironment[];
}

/**
 * Lists the backups of a folder, the oldest first, without reading more than their manifests. @throws Problem
 * `unreadable_file`
 */
export async function backups(workspace: Workspace, input: BackupsInput): Promise<BackupsReport> {
  const found = await findBackups(workspace.project, input);
  return makeReport(
    workspace,
    input,
    found.map((one) => reportBackup(workspace.project, one)),
  );
}

/**
 * Reads backups from their first to their last byte, and notes the result in their manifests.
 * @param file one of them; default: all
 * @throws Problem `missing_file`, `unreadable_file`, `unwritable_file`, `protected_drill`; of a server on
 * which they are restored
 */
export async function verifyBackups(
  workspace: Workspace,
  input: VerifyBackupsInput,
  file?: string,
): Promise<BackupsReport> {
  const clients = await findClients();
  const list =
    file === undefined
      ? await findBackups(workspace.project, input)
      : [await findBackup(workspace.project, input, file)];
  // Checked for all of them first: a protected server does not stop a verification in the middle.
  if (input.drill)
    for (const { manifest } of list)
      if (manifest) await findDrillServer(workspace, manifest.environment, input);
  const reports: BackupReport[] = [];
  for (const one of list) {
    workspace.world.progress(`Reading ${one.name}`);
    reports.push(await verifyOne(workspace, input, one, clients));
  }
  return makeReport(workspace, input, reports);
}

async function verifyOne(
  workspace: Workspace,
  input: VerifyBackupsInput,
  one: Backup,
  clients: readonly Client[],
): Promise<BackupReport> {
  const { project, world } = workspace;
  let how: Verification['how'] = 'read';
  try {
    const read = await verifyBackup(one, clients, world.now());
    if (!input.drill) return reportBackup(project, read);
    how = 'drill';
    return reportBackup(project, await drillBackup(workspace, read, input));
  } catch (thrown) {
    if (!(thrown instanceof Problem && thrown.code === 'backup_damaged')) throw thrown;
    const { faults } = thrown.data as { faults: string[] };
    await recordDamage(one, { when: world.now().toISOString(), how, faults });
    return reportBackup(project, one, faults);
  }
}

function makeReport(
  { project, world }: Workspace,
  { dir, env, maxAge }: BackupsInput,
  backups: readonly BackupReport[],
): BackupsReport {
  const stale = maxAge === undefined ? [] : findStale(backups, { env, maxAge, now: world.now() });
  const folder = resolveFolder(project, dir).shown;
  return { folder, ...(env !== undefined && { environment: env }), backups, stale };
}
