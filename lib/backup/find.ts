// Finds backups: all of a folder, or one by its name.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { checksumDump } from '../flow/dump.ts';
import { type Backup, listBackups, readBackup } from '../flow/manifest.ts';
import { whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath } from '../project/sql-files.ts';
import { resolveFolder } from './folder.ts';

/** The folder and environment to search. */
export interface BackupsInput {
  /** The folder; default: `backups` in the project. */
  readonly dir?: string;
  /** Only those of this environment. */
  readonly env?: string;
  /** The age that the newest good backup of an environment may have: `26h`, `90m`, `2d`. */
  readonly maxAge?: string;
}

/**
 * The backups of a folder, the oldest first.
 * @throws Problem `unreadable_file`; `missing_file`: there is no folder of that name
 */
export async function findBackups(project: Project, { dir, env }: BackupsInput): Promise<Backup[]> {
  const { path, shown } = resolveFolder(project, dir);
  // A typing error in --dir must not look like a folder without backups.
  if (dir !== undefined) await whileReading(shown, () => stat(path));
  const all = await listBackups(path);
  // One of which nothing is known may be of any environment.
  return all.filter(({ manifest }) => env === undefined || manifest === null || manifest.environment === env);
}

/** The backup of a name in the folder of backups, or of a path. @throws Problem `missing_file` */
export async function findBackup(project: Project, { dir }: BackupsInput, file: string): Promise<Backup> {
  const path = /[\\/]/.test(file)
    ? resolve(project.root, file)
    : resolve(resolveFolder(project, dir).path, file);
  const one = await readBackup(path);
  const shown = shownPath(project.root, path);
  if (one.bytes === 0 && one.manifest === null && one.fault?.includes('no manifest'))
    await checksumDump(path, shown).catch((thrown: unknown) => {
      const isMissing = thrown instanceof Problem && thrown.code === 'missing_file';
      throw isMissing ? new Problem('missing_file', { file: shown, list: 'db:backups' }) : thrown;
    });
  return one;
}
