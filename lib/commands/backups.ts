// Says what backups there are, and whether they are good.

import type { DrillOptions } from '../backup/drill.ts';
import { type BackupsInput, foundBackups, named } from '../backup/find.ts';
import { folderOf } from '../backup/folder.ts';
import type { BackupReport } from '../backup/report.ts';
import { backupReport } from '../backup/report.ts';
import { drilled, verified } from '../backup/verify.ts';
import { findClients } from '../flow/client.ts';
import { Problem } from '../problem/problem.ts';
import type { Context } from '../project/context.ts';

/** How much is tried. */
export interface VerifyBackupsInput extends BackupsInput, DrillOptions {
  /** Restore each, in a database of its own that is dropped again. */
  readonly drill?: boolean;
}

/** All backups of a folder. */
export interface BackupsReport {
  readonly folder: string;
  readonly backups: readonly BackupReport[];
}

/** Lists the backups of a folder, the oldest first, without reading more than their manifests. @throws Problem `unreadable_file` */
export async function backups(context: Context, input: BackupsInput): Promise<BackupsReport> {
  const folder = folderOf(context, input.dir);
  return {
    folder: folder.shown,
    backups: (await foundBackups(context, input)).map((one) => backupReport(context, one)),
  };
}

/**
 * Reads backups from their first to their last byte, and notes in the manifests of the good ones that it was done.
 * @param file one of them; default: all
 * @throws Problem `missing_file`, `unreadable_file`, `unwritable_file`; of a server on which they are restored
 */
export async function verifyBackups(
  context: Context,
  input: VerifyBackupsInput,
  file?: string,
): Promise<BackupsReport> {
  const clients = await findClients();
  const list = file === undefined ? await foundBackups(context, input) : [await named(context, input, file)];
  const reports: BackupReport[] = [];
  for (const one of list) {
    context.progress(`Reading ${one.name}`);
    try {
      const read = await verified(one, clients, context.now());
      reports.push(backupReport(context, input.drill ? await drilled(context, read, input) : read));
    } catch (thrown) {
      if (!(thrown instanceof Problem && thrown.code === 'backup_damaged')) throw thrown;
      reports.push(backupReport(context, one, (thrown.data as { faults: string[] }).faults));
    }
  }
  return { folder: folderOf(context, input.dir).shown, backups: reports };
}
