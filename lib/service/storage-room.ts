// The limit of storage in the process of a job: it makes room first, and ends where its backup is too large.
import { resolve } from 'node:path';
import { findBackup, findBackups } from '../backup/find.ts';
import { writesPartial } from '../backup/partial-files.ts';
import { prune, removeBackup } from '../commands/backups-prune.ts';
import type { Backup } from '../flow/manifest.ts';
import { Problem } from '../problem/problem.ts';
import { openServer } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import type { ProcessWork } from './messages.ts';
import { folderOfBackups, measureFolder } from './storage.ts';

// Of a table's bytes, where no backup tells better: rows are compressed.
const usualRatio = 0.5;
// Milliseconds between two looks at a file that grows.
const interval = 500;

// The tables of users, without their indexes.
const sizeQuery = `select coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(c.oid)
    operator(pg_catalog.+) coalesce(pg_catalog.pg_relation_size(c.reltoastrelid), 0)), 0)
    ::pg_catalog.text as bytes
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where c.relkind operator(pg_catalog.=) any ('{r,m}'::pg_catalog."char"[])
    and (n.nspname operator(pg_catalog.!~~) 'pg\\_%' or c.relname operator(pg_catalog.=) 'pg_largeobject')
    and n.nspname operator(pg_catalog.<>) 'information_schema'`;

/**
 * The bytes that a backup of a database will take, by its tables and by the newest backup of it.
 * @throws Problem of the connection
 */
export async function estimateBackup(
  { url, ...target }: Target & { readonly connectTimeoutMs?: number },
  all: readonly Backup[],
): Promise<number> {
  if (url === null) return 0;
  const connection = await openServer({ ...target, url });
  try {
    const [row] = await connection.rows<{ bytes: string }>(sizeQuery);
    return Math.ceil(Number(row?.bytes ?? 0) * ratioOf(all, target.name));
  } finally {
    await connection.close();
  }
}

function ratioOf(all: readonly Backup[], environment: string): number {
  const [newest] = all
    .flatMap(({ manifest }) => (manifest?.environment === environment ? [manifest] : []))
    .sort((a, b) => (a.started < b.started ? 1 : -1));
  const tables = Object.values(newest?.sizes ?? {}).reduce((sum, size) => sum + size, 0);
  if (newest === undefined || tables < 1_000_000) return usualRatio;
  return newest.bytes / tables;
}

/** The environment that a job backs up, with the job or first; null: none. */
export function findBackedUp({ kind, parameters }: Pick<ProcessWork, 'kind' | 'parameters'>): string | null {
  if (kind === 'export') return String(parameters.database);
  const isFirst = ['import', 'clone', 'data'].includes(kind) && parameters.backupFirst !== false;
  return isFirst ? String(parameters.to) : null;
}

/**
 * Makes room for the backup of a job: where it does not fit, backups that no rule keeps are deleted.
 * @throws Problem `storage_full`; of the connection
 */
export async function makeRoom(workspace: Workspace, work: ProcessWork): Promise<void> {
  const { storage, backups } = work;
  const name = findBackedUp(work);
  const { limit = null } = storage ?? {};
  if (storage === null || limit === null || name === null) return;
  const { project, world } = workspace;
  const dir = backups === null ? {} : { dir: backups };
  const { path } = folderOfBackups(project, work);
  const known = await findBackups(project, dir).catch(() => []);
  const needed = await estimateBackup(await world.environment(name), known);
  const present = await measureFolder(path);
  // A target without rows is not backed up.
  const fits = (bytes: number) => needed === 0 || bytes + needed <= limit;
  if (fits(present)) return;
  world.progress('Deleting old backups: the storage limit leaves too little room');
  const { daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly } = storage.retention;
  const rules = { keepDaily, keepWeekly, keepMonthly, except: storage.inUse };
  const { removed } = await prune(workspace, { ...dir, ...rules, yes: true });
  for (const { file } of removed) world.progress(`Deleted ${file}`);
  const left = await measureFolder(path);
  if (!fits(left)) throw new Problem('storage_full', { limit, present: left, needed });
}

/**
 * Deletes a new backup that filled the folder beyond its limit before the watch saw it.
 * @param file its path, relative to the project
 * @throws Problem `storage_full`
 */
export async function refuseOutgrown(
  { project }: Workspace,
  work: ProcessWork,
  { file }: { readonly file: string },
): Promise<void> {
  const { limit = null } = work.storage ?? {};
  if (limit === null) return;
  const present = await measureFolder(folderOfBackups(project, work).path);
  if (present <= limit) return;
  await removeBackup(project, await findBackup(project, {}, resolve(project.root, file)));
  throw new Problem('storage_full', { limit, present, needed: null });
}

/**
 * Watches the backup that a job writes, and tells once when the folder outgrows its limit by it.
 * @returns the way to stop
 */
export function watchStorage(
  workspace: Workspace,
  work: ProcessWork,
  outgrown: (problem: Problem) => void,
): () => void {
  const name = findBackedUp(work);
  const { limit = null } = work.storage ?? {};
  if (limit === null || name === null) return () => undefined;
  const { path } = folderOfBackups(workspace.project, work);
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void findExcess(path, limit)
      .then((problem) => {
        if (problem === null) return;
        clearInterval(timer);
        outgrown(problem);
      })
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  }, interval);
  return () => clearInterval(timer);
}

// Only the job that writes a backup ends: another one did not outgrow anything.
async function findExcess(path: string, limit: number): Promise<Problem | null> {
  if (!(await writesPartial(path, process.pid))) return null;
  const present = await measureFolder(path);
  return present > limit ? new Problem('storage_full', { limit, present, needed: null }) : null;
}
