// Finds other projects around a folder: the user may have run a command in the wrong one.
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exists } from './file.ts';
import { configNames, isFile } from './project.ts';

// The levels of folders below: `packages/db` has two.
const depth = 2;

/**
 * The folders with a configuration or a `schema/schema.sql`, above and below a folder, up to the root of its
 * repository. It never fails.
 * @returns their paths
 */
export async function findProjectsNear(root: string): Promise<string[]> {
  return [...(await above(root)), ...(await below(root, depth))];
}

async function above(root: string): Promise<string[]> {
  if (root === dirname(root) || (await exists(join(root, '.git')))) return [];
  const parent = dirname(root);
  return (await isProject(parent)) ? [parent] : above(parent);
}

async function below(folder: string, levels: number): Promise<string[]> {
  if (levels === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries
    .filter((one) => one.isDirectory() && !/^\.|^node_modules$/.test(one.name))
    .map(({ name }) => join(folder, name));
  const found = await Promise.all(
    folders.map(async (one) => ((await isProject(one)) ? [one] : below(one, levels - 1))),
  );
  return found.flat();
}

async function isProject(folder: string): Promise<boolean> {
  const files = [...configNames, join('schema', 'schema.sql')];
  return (await Promise.all(files.map((file) => isFile(join(folder, file))))).includes(true);
}
