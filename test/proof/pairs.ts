// Finds pairs of schemas on disk.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { Pair } from './proof.ts';

/**
 * All `old.sql` and `new.sql` that lie beside each other, at any depth, by name. An `index.json` at the top
 * may say which roles a case wants.
 */
export function pairsIn(directory: string): Pair[] {
  const roles = rolesIn(join(directory, 'index.json'));
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(path) === 'new.sql' && existsSync(join(directory, dirname(path), 'old.sql')))
    .map((path) => pairAt(join(directory, dirname(path)), directory, roles))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function pairAt(path: string, top: string, roles: ReadonlyMap<string, readonly string[]>): Pair {
  const read = (file: string) => (existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8') : '');
  const name = relative(top, path) || basename(path);
  return {
    name,
    roles: roles.get(name) ?? [],
    cluster: read('setup-cluster.sql'),
    setup: read('setup.sql'),
    old: read('old.sql'),
    new: read('new.sql'),
    seed: read('seed.sql'),
    seedNew: read('seed-new.sql'),
  };
}

function rolesIn(index: string): Map<string, readonly string[]> {
  if (!existsSync(index)) return new Map();
  const entries = JSON.parse(readFileSync(index, 'utf8')) as { case: string; roles?: string[] }[];
  return new Map(entries.map((entry) => [entry.case, entry.roles ?? []]));
}
