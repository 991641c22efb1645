// The embedded database: PostgreSQL in this process with its files in the project, for those who have no
// server.
import { chmod, mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { startWasm } from '../sql/start-wasm.ts';
import { loadExtensions } from './extensions.ts';
import { describeError } from './failure.ts';
import { type DirectoryWait, type LockRefusal, lockDirectory } from './lock.ts';
import { wrapPglite } from './pglite-connection.ts';
import { listTemplate, loadTemplate, startParams } from './template.ts';

/** The options of the embedded database. */
export interface EmbeddedOptions {
  /** The folder with the template of new databases. */
  readonly cacheDir: string;
  /** Extensions that may be created or used in this session; those of earlier sessions are remembered. */
  readonly extensions?: Iterable<string>;
  readonly progress?: (message: string) => void;
  /** True if each commit is flushed to the disk. */
  readonly durable?: boolean;
}

/** Options for the time in which another process has the database open. */
export interface BusyOptions {
  /** The problem to throw; default: `shadow_locked`. */
  readonly refusal?: LockRefusal;
  /** The wait for that process; left out: none. */
  readonly wait?: DirectoryWait;
}

/**
 * Opens the database in a directory and keeps others out until it is closed; makes it where there is none.
 * @throws Problem `shadow_locked`, `embedded_damaged`
 */
export async function openEmbedded(
  directory: string,
  { refusal, wait, ...options }: EmbeddedOptions & BusyOptions,
): Promise<Connection> {
  const held = await lockDirectory(directory, refusal, wait);
  try {
    const connection = await openHeld(directory, options);
    const close = () => connection.close().finally(() => held.release());
    return { ...connection, close };
  } catch (thrown) {
    await held.release();
    throw thrown;
  }
}

/**
 * Opens the database in a directory whose lock the caller holds.
 * @throws Problem `embedded_damaged`
 */
export async function openHeld(directory: string, options: EmbeddedOptions): Promise<Connection> {
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    // An unfinished folder of an earlier run is replaced.
    const unfinished = `${directory}.new`;
    if (await exists(unfinished)) await rm(directory, { recursive: true, force: true });
    // The files are readable for the project's user only, whatever the parent folder allows.
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    const found = await readdir(directory);
    const isNew = found.length === 0;
    if (!isNew && !found.includes('PG_VERSION')) throw damaged(directory, 'the file PG_VERSION is missing');
    if (isNew) await writeFile(unfinished, '');
    const names = await remember(`${directory}.extensions`, options.extensions ?? []);
    const extensions = { ...(await loadExtensions(names)) };
    // Without -F, postgres flushes (manual: "postgres", "Options for Single-User Mode").
    const parameters = options.durable ? startParams.filter((one) => one !== '-F') : startParams;
    if (isNew) await unpack(await loadTemplate(options.cacheDir, options.progress), directory);
    if (isNew && options.durable) await flush(directory);
    const db = await startWasm(() =>
      PGlite.create({ dataDir: directory, startParams: parameters, extensions }),
    );
    // Objects of the embedded database belong to a role of the usual name; the template's own is for shadows.
    if (isNew) await db.exec('create role postgres superuser login');
    await rm(unfinished, { force: true });
    await db.exec('set session authorization postgres');
    const { rows } = await db.query<{ major: number }>(
      `select current_setting('server_version_num')::int / 10000 as major`,
    );
    return wrapPglite(db, 'the embedded database', rows[0]?.major ?? 0);
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    throw damaged(directory, describeError(thrown));
  }
}

async function unpack(template: Uint8Array, directory: string): Promise<void> {
  for (const { path, content } of listTemplate(template))
    if (content === null) await mkdir(join(directory, path), { mode: 0o700 });
    else await writeFile(join(directory, path), content, { mode: 0o600 });
}

const damaged = (directory: string, reason: string) => new Problem('embedded_damaged', { directory, reason });

/**
 * Removes an embedded database.
 * @throws Problem `shadow_locked`
 */
export async function removeEmbedded(directory: string): Promise<void> {
  const held = await lockDirectory(directory);
  await Promise.all(
    [directory, `${directory}.extensions`].map((path) => rm(path, { recursive: true, force: true })),
  );
  await held.release();
}

// Without the files of an extension that a table uses, the table can't be read: so all that were ever asked
// for are loaded.
async function remember(file: string, names: Iterable<string>): Promise<string[]> {
  const known = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((name) => name !== '');
  const all = [...new Set([...known, ...names])].sort();
  if (all.length > known.length) await writeFile(file, `${all.join('\n')}\n`);
  return all;
}

// As initdb does: what was unpacked is on the disk before the first commit is.
async function flush(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const file = await open(join(entry.parentPath, entry.name), 'r');
    await file.sync().finally(() => file.close());
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
