// The data directory that every shadow in the process starts from, as a tar file: the package has it, and
// where that is missing it is made once for a user.
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import { replaceFile } from '../config/file.ts';
import { findUserCache } from '../config/user-cache.ts';
import { shadowRole } from '../model/catalog.ts';
import { startWasm } from '../sql/start-wasm.ts';
import { pgliteVersion } from './version.ts';

// PGlite's own settings without its two that change meaning: allow_system_table_mods, and a search_path
// without "$user". Its files are in memory, so buffers beside them only cost memory. A whole schema is one
// transaction, which holds a lock on everything it makes: fifteen for a table with four indexes. The lock
// table has room for max_locks_per_transaction of each session and each worker slot, so slots are few.
const settings = `exit_on_error=false log_checkpoints=false max_worker_processes=0
  max_parallel_workers=0 max_parallel_workers_per_gather=0 max_parallel_maintenance_workers=0
  autovacuum_worker_slots=1 io_method=sync shared_buffers=4MB wal_level=minimal max_wal_senders=0
  max_connections=2 max_locks_per_transaction=20480 min_wal_size=2MB wal_recycle=off`.split(/\s+/);

/** The start parameters of PostgreSQL. */
export const startParams = ['--single', '-F', '-j', ...settings.flatMap((setting) => ['-c', setting])];

// Being made in this process: a shadow and the embedded database need it at the same time when both are new.
const making = new Map<string, Promise<Uint8Array>>();

/** The template's name in the package and in caches. The last number counts the ways of making it. */
export const templateName = `shadow-${pgliteVersion}-3.tar`;

/**
 * Returns the package's template, or the one that the user's cache has, or the project's where that has one
 * already. It is made once for all projects. The caller may change the bytes.
 * @param cacheDir the project's cache folder, used where the user has none that is safe
 * @param again true after a damaged one, to create a new one
 */
export async function loadTemplate(
  cacheDir: string,
  progress?: (message: string) => void,
  again = false,
): Promise<Uint8Array> {
  const packaged = again ? null : await intact(join(ownFolder(), templateName));
  if (packaged !== null) return packaged;
  const isThere = await stat(join(cacheDir, templateName)).then(
    () => true,
    () => false,
  );
  return loadTemplateIn(isThere ? cacheDir : await findUserCache(cacheDir), progress, again);
}

// Built, a module is beside the template; one that is CommonJS has no URL.
function ownFolder(): string {
  const { url } = import.meta as { readonly url?: string };
  return dirname(url === undefined ? __filename : fileURLToPath(url));
}

/** Returns the template that a folder keeps; it is made where it is missing. */
export async function loadTemplateIn(
  folder: string,
  progress?: (message: string) => void,
  again = false,
): Promise<Uint8Array> {
  const file = join(folder, templateName);
  const kept = again ? null : await intact(file);
  if (kept !== null) return kept;
  const begun = making.get(file);
  if (begun) return (await begun).slice();
  progress?.('Preparing the shadow database (once)');
  const work = makeAndKeep(file).finally(() => making.delete(file));
  making.set(file, work);
  return (await work).slice();
}

const digestLength = 32;
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

// A database that starts from damaged files fails in ways that nothing catches, so each file begins with its
// own digest.
async function intact(file: string): Promise<Uint8Array | null> {
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return null;
  const tar = bytes.subarray(digestLength);
  return digestOf(tar).equals(bytes.subarray(0, digestLength)) ? tar : null;
}

async function makeAndKeep(file: string): Promise<Uint8Array> {
  const made = await makeTemplate();
  await keepTemplate(file, made);
  return made;
}

/** Makes a template by initdb, which takes two seconds and 900 MB. */
export async function makeTemplate(): Promise<Uint8Array> {
  const { PGlite } = await import('@electric-sql/pglite');
  // The bootstrap superuser has the reserved name, so that nothing a schema says can lead to a role of
  // another name.
  const db = await startWasm(() =>
    PGlite.create({ initDbStartParams: ['--wal-segsize=1', `--username=${shadowRole}`], startParams }),
  );
  try {
    // The two other empty databases, which no session uses, would be two thirds of the file.
    await db.exec(`update pg_database set datistemplate = false where datname <> current_database()`);
    await db.exec('drop database template1');
    await db.exec('drop database template0');
    await db.exec('checkpoint');
    await removeSpareSegments(db, `${PGlite.paths.PGDATA}/pg_wal`);
    const dump = await db.dumpDataDir('none');
    return new Uint8Array(await dump.arrayBuffer());
  } finally {
    await db.close();
  }
}

// initdb leaves some megabytes of empty WAL for later.
async function removeSpareSegments(db: PGlite, folder: string): Promise<void> {
  const { rows } = await db.query<{ name: string }>(
    'select pg_walfile_name(pg_current_wal_insert_lsn()) as name',
  );
  const files = db.Module.FS;
  for (const name of files.readdir(folder))
    if (/^[0-9A-F]{24}$/.test(name) && name > (rows[0]?.name ?? name)) files.unlink(`${folder}/${name}`);
}

/**
 * Keeps a template in a file. The file is renamed into place, so that two processes can create it at once.
 * Without a folder to write to it is made each time.
 */
export async function keepTemplate(file: string, tar: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await replaceFile(file, [digestOf(tar), tar], { mode: 0o600 });
  } catch {
    // As described above.
  }
}

/** A file or a folder of a template. */
export interface TemplateEntry {
  /** Relative to the data directory. */
  readonly path: string;
  /** A part of the template's own bytes; null: a folder. */
  readonly content: Uint8Array | null;
}

const block = 512;

/** Lists the content of a template, folders before their files (POSIX: pax, "ustar Interchange Format"). */
export function* listTemplate(tar: Uint8Array): Generator<TemplateEntry> {
  const text = (from: number, length: number) =>
    Buffer.from(tar.buffer, tar.byteOffset + from, length)
      .toString('latin1')
      .replace(/\0.*$/s, '');
  for (let at = 0; at + block <= tar.length; ) {
    const path = text(at, 100).replace(/^\/|\/$/g, '');
    if (path === '') return;
    const isFolder = text(at + 156, 1) === '5';
    const size = isFolder ? 0 : Number.parseInt(text(at + 124, 12), 8);
    const content = at + block;
    yield { path, content: isFolder ? null : tar.subarray(content, content + size) };
    at = content + Math.ceil(size / block) * block;
  }
}
