// Catalogs that were read before, kept by the content that they were read from.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { decodeCatalog, encodeCatalog } from './catalog-codec.ts';
import type { Context } from './context.ts';

// Counted up when the way of writing a catalog down changes.
const format = '4';

// How many are kept; a big schema's is some ten megabytes.
const keptCount = 30;

// What one command had in its hands last, the oldest first: it asks again, and to read a big one takes a second.
const held = new WeakMap<Context, Map<string, Catalog>>();
const heldCount = 4;

/**
 * Gives the catalog of some content: as it was read before, or read now and kept. A cache that is missing, damaged or
 * can't be written is no failure.
 * @param content all that the catalog depends on, besides this program itself
 * @throws Problem of `read`
 */
export async function cached(
  context: Context,
  content: readonly string[],
  read: () => Promise<Catalog>,
): Promise<Catalog> {
  const key = keyOf(context, content);
  const own = held.get(context) ?? new Map<string, Catalog>();
  held.set(context, own);
  const catalog = own.get(key) ?? (await kept(context, key, read));
  own.delete(key);
  own.set(key, catalog);
  for (const old of [...own.keys()].slice(0, -heldCount)) own.delete(old);
  return catalog;
}

async function kept({ cacheDir }: Context, key: string, read: () => Promise<Catalog>): Promise<Catalog> {
  const folder = join(cacheDir, 'catalogs');
  const file = join(folder, `${key}.json`);
  try {
    const known = await decodeCatalog(await readFile(file, 'utf8'));
    if (known !== null) return known;
  } catch {
    // Not there, or written by somebody whose disk was full.
  }
  const catalog = await read();
  await keep(folder, file, encodeCatalog(catalog)).catch(() => undefined);
  return catalog;
}

// What is asked of the server is part of the key: another set of kinds reads another catalog.
function keyOf({ version }: Context, content: readonly string[]): string {
  const questions = [...kinds.values()].map((kind) => `${kind.name} ${kind.introspect(18)}`);
  const hash = createHash('sha256');
  for (const part of [format, version, ...questions, ...content])
    hash.update(`${part.length}\n`).update(part);
  return hash.digest('hex').slice(0, 40);
}

async function keep(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  // For nobody else: definitions of a database can hold passwords.
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
  const paths = (await readdir(folder)).map((name) => join(folder, name));
  if (paths.length <= keptCount) return;
  const aged = await Promise.all(paths.map(async (path) => ({ path, at: (await stat(path)).mtimeMs })));
  aged.sort((a, b) => b.at - a.at);
  await Promise.all(aged.slice(keptCount).map(({ path }) => rm(path, { force: true })));
}
