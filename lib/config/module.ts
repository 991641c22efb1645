// A project's own TypeScript as JavaScript: compiled once per content and kept in the project's cache.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMissing } from '../problem/file.ts';
import { replaceFile } from './file.ts';
import { findOwnPackage } from './own-package.ts';

/** The input of a compilation. All paths are absolute. */
export interface ModuleSource<Notes> {
  /** The name in the cache: `tasks`, `config`. */
  readonly name: string;
  readonly root: string;
  readonly cacheDir: string;
  /** Part of the key: what another version compiled is not used. */
  readonly version: string;
  readonly entries: readonly string[];
  /** Makes plain data from the texts of the entries, which is cached beside the modules. */
  notes(texts: readonly string[]): Promise<Notes>;
  /** Called once, before a compilation. */
  progress?(message: string): void;
}

/** The output: a URL to import for each entry, and the notes. */
export interface Compiled<Notes> {
  readonly urls: readonly string[];
  readonly notes: Notes;
}

interface CompiledInputs<Notes> {
  readonly version: string;
  /** Everything that was read, relative to the root, with its digest. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly entries: readonly string[];
  /** The compiled files of the entries, relative to the cache. */
  readonly outputs: readonly string[];
  readonly notes: Notes;
}

/**
 * Gives the compiled modules, from the cache when nothing that went into them has changed.
 * @throws Problem `bad_config`, `bad_task_file` where they do not compile
 */
export async function compile<Notes>(given: ModuleSource<Notes>): Promise<Compiled<Notes>> {
  // npx may run the same version from another place.
  const place = findOwnPackage(given.root);
  const source = place === null ? given : { ...given, version: `${given.version} ${place}` };
  const file = join(source.cacheDir, `${source.name}.json`);
  let manifest = await recall<Notes>(file, source);
  if (manifest === null) {
    source.progress?.(`Compiling ${source.name}`);
    manifest = await build(source);
    await replaceFile(file, JSON.stringify(manifest));
    await forget(source, manifest);
  }
  const urls = manifest.outputs.map((output) => pathToFileURL(join(source.cacheDir, output)).href);
  return { urls, notes: manifest.notes };
}

async function recall<Notes>(
  file: string,
  source: ModuleSource<Notes>,
): Promise<CompiledInputs<Notes> | null> {
  try {
    const manifest = JSON.parse(await readFile(file, 'utf8')) as CompiledInputs<Notes>;
    const entries = source.entries.map((entry) => relative(source.root, entry));
    if (manifest.version !== source.version || manifest.entries.join() !== entries.join()) return null;
    const digests = await Promise.all(
      Object.keys(manifest.inputs).map((input) => digest(join(source.root, input))),
    );
    if (Object.values(manifest.inputs).some((known, index) => known !== digests[index])) return null;
    await Promise.all(manifest.outputs.map((output) => stat(join(source.cacheDir, output))));
    return manifest;
  } catch (error) {
    // A cache that is missing or damaged is made again.
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

async function build<Notes>(source: ModuleSource<Notes>): Promise<CompiledInputs<Notes>> {
  const { bundle } = await import('./bundle.ts');
  const { files, inputs } = await bundle(source);
  const texts = await Promise.all(source.entries.map((entry) => readFile(entry, 'utf8')));
  const notes = await source.notes(texts);
  // tsconfig.json is not an input of the compiler, but its paths and targets change the output.
  const read = [...new Set([...inputs, join(source.root, 'tsconfig.json')])].sort();
  const digests = await Promise.all(read.map(digest));
  const hash = createHash('sha256').update(source.version).update(digests.join()).digest('hex');
  const folder = `${source.name}-${hash.slice(0, 16)}`;
  await mkdir(join(source.cacheDir, folder), { recursive: true });
  await Promise.all(files.map(({ name, text }) => writeFile(join(source.cacheDir, folder, name), text)));
  return {
    version: source.version,
    inputs: Object.fromEntries(
      read.map((path, index) => [relative(source.root, path), digests[index] as string]),
    ),
    entries: source.entries.map((entry) => relative(source.root, entry)),
    outputs: source.entries.map((_, index) => `${folder}/${index}.mjs`),
    notes,
  };
}

// Keeps the newest few: another process may still be importing from the one before.
async function forget<Notes>(source: ModuleSource<Notes>, manifest: CompiledInputs<Notes>): Promise<void> {
  const names = (await readdir(source.cacheDir)).filter((name) => name.startsWith(`${source.name}-`));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, made: (await stat(join(source.cacheDir, name))).mtimeMs })),
  );
  const old = dated.sort((a, b) => b.made - a.made).slice(3);
  const unused = old.filter(({ name }) => !manifest.outputs.some((output) => output.startsWith(`${name}/`)));
  await Promise.all(
    unused.map(({ name }) => rm(join(source.cacheDir, name), { recursive: true, force: true })),
  );
}

async function digest(path: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}
