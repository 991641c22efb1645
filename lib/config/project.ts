// Finds a project's folder and reads its configuration.
import { lstat, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { rememberConfigFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { findCache, makeCache } from './cache.ts';
import { checkConfig } from './check.ts';
import type { Config } from './config.ts';
import { exists } from './file.ts';
import { compile } from './module.ts';

/** The endings of a configuration's file. */
export const configEndings = ['ts', 'mts', 'js', 'mjs', 'cjs'] as const;

/** The names of a configuration's file. */
export const configNames = configEndings.map((ending) => `pgmage.config.${ending}`);

// Forms that other programs read.
const unread = ['cts', 'json', 'yaml', 'yml'].map((ending) => `pgmage.config.${ending}`);

/** A project: its paths and its configuration. */
export interface ProjectFolder {
  readonly root: string;
  readonly config: Config;
  /** The folder of derived files: in the project, or in the user's cache where the project takes none. */
  readonly cacheDir: string;
}

/**
 * Opens the project that a folder belongs to: the nearest folder upwards with a configuration or, without
 * one, with a package.json; else the folder itself.
 * @throws Problem `bad_config`
 */
export async function openProject(cwd: string, version: string): Promise<ProjectFolder> {
  const { root, file } = await locate(cwd);
  rememberConfigFile(file === null ? null : basename(file));
  const cacheDir = await findCache(root);
  return { root, cacheDir, config: file === null ? {} : await readConfig(root, cacheDir, file, version) };
}

/** The folder of that project; the folder itself if there is no configuration file. It does not throw. */
export async function findProjectRoot(cwd: string): Promise<string> {
  const { root } = await locate(cwd).catch(() => ({ root: cwd }));
  return root;
}

async function locate(cwd: string): Promise<{ root: string; file: string | null }> {
  let packaged: string | null = null;
  for (let folder = cwd; ; folder = dirname(folder)) {
    const [isPackage, ...there] = await Promise.all([
      isFile(join(folder, 'package.json')),
      ...configNames.map((name) => isConfig(join(folder, name))),
    ]);
    const config = configNames.find((_, index) => there[index]);
    if (config !== undefined) return { root: folder, file: join(folder, config) };
    await refuseUnread(folder);
    if (isPackage) packaged ??= folder;
    // The search ends at the root of a repository: folders above it belong to another project.
    if (folder === dirname(folder) || (await exists(join(folder, '.git'))))
      return { root: packaged ?? cwd, file: null };
  }
}

// A configuration that is not read would be a silent change of the databases.
async function refuseUnread(folder: string): Promise<void> {
  for (const file of unread)
    if (await isFile(join(folder, file)))
      throw new Problem('bad_config', { file, reason: `pgmage reads ${configNames.join(', ')}` });
}

async function readConfig(root: string, cacheDir: string, file: string, version: string): Promise<Config> {
  let url = pathToFileURL(file).href;
  if (/\.m?ts$/.test(file)) {
    await makeCache({ root, cacheDir });
    const source = { name: 'config', root, cacheDir, version, entries: [file], notes: async () => null };
    url = (await compile(source)).urls[0] as string;
  }
  const shown = file.slice(root.length + 1);
  let module: { default?: unknown };
  try {
    module = (await import(url)) as { default?: unknown };
  } catch (error) {
    throw new Problem('bad_config', { file: shown, reason: reasonOf(error as Error) }, { cause: error });
  }
  if (module.default === undefined)
    throw new Problem('bad_config', { file: shown, reason: 'it has no default export' });
  return checkConfig(module.default, shown);
}

// Only TypeScript is compiled, and given the package.
function reasonOf({ message }: Error): string {
  if (!/^Cannot find (package|module) 'pgmage'/.test(message)) return message;
  return (
    "the project has not installed pgmage. Run 'npm install --save-dev pgmage', name the file" +
    ' pgmage.config.ts, or export the settings without defineConfig'
  );
}

// A file with the name of a configuration is never skipped: without it, tasks would use other databases.
async function isConfig(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return false;
  if (found.isFile() || (await isFile(path))) return true;
  const reason = found.isSymbolicLink() ? 'it is a broken link' : 'it is not a file';
  throw new Problem('bad_config', { file: basename(path), reason });
}

/** True if there is a file at that path. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
