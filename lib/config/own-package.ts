// The package that configurations and tasks import as `pgmage`, where the project has not installed it: it
// runs by npx, or is installed for all projects.
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The main file of this package; null: the project has its own. */
export function findOwnPackage(root: string): string | null {
  return resolveFrom(join(root, 'package.json')) === null ? resolveFrom(import.meta.url ?? __filename) : null;
}

function resolveFrom(place: string): string | null {
  try {
    return createRequire(place).resolve('pgmage');
  } catch {
    // Node throws where there is none.
    return null;
  }
}
