// Says what backups there are, and whether they are good.

import type { DrillOptions } from '../backup/drill.ts';
import { type BackupsInput, findBackup, findBackups } from '../backup/find.ts';
import { resolveFolder } from '../backup/folder.ts';
import type { BackupReport } from '../backup/report.ts';
import { reportBackup } from '../backup/report.ts';
import { drillBackup, verifyBackup } from '../backup/verify.ts';
import { findClients } from '../flow/client.ts';
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
  readonly backups: readonly BackupReport[];
}

/**
 * Lists the backups of a folder, the oldest first, without reading more than their manifests. @throws Problem
 * `unreadable_file`
 */
export async function backups({ project }: Workspace, input: BackupsInput): Promise<BackupsReport> {
  const folder = resolveFolder(project, input.dir);
  return {
    folder: folder.shown,
    backups: (await findBackups(project, input)).map((one) => reportBackup(project, one)),
  };
}

/**
 * Reads backups from their first to their last byte, and notes in the manifests of the good ones that it was
 * done.
 * @param file one of them; default: all
 * @throws Problem `missing_file`, `unreadable_file`, `unwritable_file`; of a server on which they are
 * restored
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
  const reports: BackupReport[] = [];
  for (const one of list) {
    workspace.world.progress(`Reading ${one.name}`);
    try {
      const read = await verifyBackup(one, clients, workspace.world.now());
      reports.push(
        reportBackup(workspace.project, input.drill ? await drillBackup(workspace, read, input) : read),
      );
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === 'backup_damaged')) throw thrown;
      reports.push(reportBackup(workspace.project, one, (thrown.data as { faults: string[] }).faults));
    }
  }
  return { folder: resolveFolder(workspace.project, input.dir).shown, backups: reports };
}
