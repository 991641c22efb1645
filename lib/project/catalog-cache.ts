// Catalogs that were read before, kept by the content that they were read from.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../config/file.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { decodeCatalog, encodeCatalog } from './catalog-codec.ts';
import type { Project } from './project.ts';

// Counted up when the way of writing a catalog down changes.
const format = '4';

// The number of cached catalogs; that of a big schema has some ten megabytes.
const keptCount = 30;

const heldCount = 4;

/**
 * The catalogs that an operation asked for last, in memory, and those of earlier ones, in the project's cache
 * folder.
 */
export class CatalogCache {
  readonly #project: Pick<Project, 'cacheDir' | 'version'>;
  // The oldest first. An operation asks for the same one again, and reading a big one takes a second.
  readonly #held = new Map<string, Catalog>();
  // A catalog that several works ask for at the same time is read once.
  readonly #reading = new Map<string, Promise<Catalog>>();

  constructor(project: Pick<Project, 'cacheDir' | 'version'>) {
    this.#project = project;
  }

  /**
   * Gives the catalog of some content: as it was read before, or read now and kept. A cache file that is
   * missing, damaged or not writable is not a failure.
   * @param content all that the catalog depends on, besides this program itself
   * @throws Problem of `read`
   */
  async get(content: readonly string[], read: () => Promise<Catalog>): Promise<Catalog> {
    const key = keyOf(this.#project.version, content);
    const catalog = this.#held.get(key) ?? (await this.#readOnce(key, read));
    this.#held.delete(key);
    this.#held.set(key, catalog);
    for (const old of [...this.#held.keys()].slice(0, -heldCount)) this.#held.delete(old);
    return catalog;
  }

  async #readOnce(key: string, read: () => Promise<Catalog>): Promise<Catalog> {
    const reading = this.#reading.get(key) ?? kept(this.#project.cacheDir, key, read);
    this.#reading.set(key, reading);
    try {
      return await reading;
    } finally {
      this.#reading.delete(key);
    }
  }
}

async function kept(cacheDir: string, key: string, read: () => Promise<Catalog>): Promise<Catalog> {
  const folder = join(cacheDir, 'catalogs');
  const file = join(folder, `${key}.json`);
  try {
    const known = await decodeCatalog(await readFile(file, 'utf8'));
    if (known !== null) return known;
  } catch {
    // It does not exist, or was truncated on a full disk.
  }
  const catalog = await read();
  await keep(folder, file, encodeCatalog(catalog)).catch(() => undefined);
  return catalog;
}

// The queries are part of the key: other kinds read another catalog.
function keyOf(version: string, content: readonly string[]): string {
  const questions = [...kinds.values()].map((kind) => `${kind.name} ${kind.introspect(18)}`);
  const hash = createHash('sha256');
  for (const part of [format, version, ...questions, ...content])
    hash.update(`${part.length}\n`).update(part);
  return hash.digest('hex').slice(0, 40);
}

async function keep(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // Readable for the user only: definitions of a database can contain passwords.
  await replaceFile(file, text, { mode: 0o600 });
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  if (paths.length <= keptCount) return;
  const aged = await Promise.all(paths.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
  aged.sort((a, b) => b.at - a.at);
  await Promise.all(aged.slice(keptCount).map(({ path }) => rm(path, { force: true })));
}
