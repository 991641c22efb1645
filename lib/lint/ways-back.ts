// Files that lead back: what such a file takes away, the file beside it has made.
import { existsSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';

// Of Diesel; of db-migrate; of yoyo and others; of Sqitch.
const pairs: readonly (readonly [back: RegExp, forward: string])[] = [
  [/\/down\.sql$/, '/up.sql'],
  [/([-_])down\.sql$/, '$1up.sql'],
  [/\.(?:rollback|undo|revert)\.sql$/, '.sql'],
  [/\/(?:revert|verify)\/(?=.+\.sql$)/, '/deploy/'],
];

/**
 * True if a file leads back. Without a file that leads forward it is a migration whose name only looks so,
 * but for `.down.sql`.
 * @param path the whole path
 */
export function leadsBack(path: string): boolean {
  const full = path.replaceAll('\\', '/');
  if (/\.down\.sql$/.test(full)) return true;
  const hasPartner = pairs.some(
    ([back, forward]) => back.test(full) && existsSync(full.replace(back, forward)),
  );
  return hasPartner || isFlywayUndo(posix.dirname(full), posix.basename(full));
}

// A U file of refinery has no V file of its number, and leads forward.
function isFlywayUndo(folder: string, name: string): boolean {
  const [, version] = /^U(\d[\w.]*?)__/.exec(name) ?? [];
  return version !== undefined && readdirSync(folder).some((one) => one.startsWith(`V${version}__`));
}
