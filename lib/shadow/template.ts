// The data directory that every shadow in the process starts from: made once for a user, kept as a tar file.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shadowRole } from '../model/catalog.ts';
import { keepEventLoopAlive } from '../sql/keep-event-loop-alive.ts';
import { findUserCache } from './user-cache.ts';
import { pgliteVersion } from './version.ts';

// PGlite's own settings without its two that change meaning: allow_system_table_mods, and a search_path
// without "$user". Small buffers and no replication save a third of the start-up time and of the memory. A
// whole schema is one transaction, which holds a lock on everything it makes.
const settings = `exit_on_error=false log_checkpoints=false max_worker_processes=0
  max_parallel_workers=0 max_parallel_workers_per_gather=0 max_parallel_maintenance_workers=0
  io_method=sync shared_buffers=16MB wal_level=minimal max_wal_senders=0 max_connections=2
  max_locks_per_transaction=32768 min_wal_size=2MB wal_recycle=off`.split(/\s+/);

/** The start parameters of PostgreSQL. */
export const startParams = ['--single', '-F', '-j', ...settings.flatMap((setting) => ['-c', setting])];

// Being made in this process: a shadow and the embedded database need it at the same time when both are new.
const making = new Map<string, Promise<Blob>>();

const fileName = `shadow-${pgliteVersion}-2.tar`;

/**
 * Returns the template from the user's cache, or from the project's where that has one already. It is made
 * once for all projects.
 * @param cacheDir the project's cache folder, used where the user has none that is safe
 * @param again true after a damaged one, to create a new one
 */
export async function loadTemplate(
  cacheDir: string,
  progress?: (message: string) => void,
  again = false,
): Promise<Blob> {
  const isThere = await stat(join(cacheDir, fileName)).then(
    () => true,
    () => false,
  );
  return loadTemplateIn(isThere ? cacheDir : await findUserCache(cacheDir), progress, again);
}

/** Returns the template that a folder keeps; it is made where it is missing. */
export async function loadTemplateIn(
  folder: string,
  progress?: (message: string) => void,
  again = false,
): Promise<Blob> {
  const file = join(folder, fileName);
  const kept = again ? null : await intact(file);
  if (kept !== null) return kept;
  const begun = making.get(file);
  if (begun) return begun;
  progress?.('Preparing the shadow database (once)');
  const work = makeAndKeep(file).finally(() => making.delete(file));
  making.set(file, work);
  return work;
}

const digestLength = 32;
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

// PGlite throws an uncatchable error when it unpacks a damaged file, so each file begins with its own digest.
async function intact(file: string): Promise<Blob | null> {
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return null;
  const tar = bytes.subarray(digestLength);
  return digestOf(tar).equals(bytes.subarray(0, digestLength)) ? new Blob([tar]) : null;
}

async function makeAndKeep(file: string): Promise<Blob> {
  const made = await make();
  await keep(file, new Uint8Array(await made.arrayBuffer()));
  return made;
}

async function make(): Promise<Blob> {
  const { PGlite } = await import('@electric-sql/pglite');
  // The bootstrap superuser has the reserved name, so that nothing a schema says can lead to a role of
  // another name.
  const db = await keepEventLoopAlive(() =>
    PGlite.create({ initDbStartParams: ['--wal-segsize=1', `--username=${shadowRole}`], startParams }),
  );
  try {
    // The two other empty databases, which no session uses, would be two thirds of the file.
    await db.exec(`update pg_database set datistemplate = false where datname <> current_database()`);
    await db.exec('drop database template1');
    await db.exec('drop database template0');
    await db.exec('checkpoint');
    return await db.dumpDataDir('none');
  } finally {
    await db.close();
  }
}

// The file is renamed into place, so that two processes can create it at once. Without a cache folder it is
// created each time.
async function keep(file: string, bytes: Uint8Array): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, [digestOf(bytes), bytes], { mode: 0o600 });
    await rename(draft, file);
  } catch {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}
