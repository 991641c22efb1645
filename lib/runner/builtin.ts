// The tasks that come with pgmage: tasks/db.ts, compiled and with its signatures read when the package was built.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Task } from './task.ts';

/** What the build knows of the package; put in its place by build.js. */
interface Built {
  readonly version: string;
  /** Digest of tasks/db.ts. */
  readonly digest: string;
  readonly tasks: readonly Task[];
}

declare const PGMAGE_BUILT: Built | undefined;

/** The version and tasks of this package; run from its sources it reads them where the build would have. */
export async function builtin(): Promise<Built> {
  if (typeof PGMAGE_BUILT !== 'undefined') return PGMAGE_BUILT;
  const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
  const [text, manifest] = await Promise.all([read('../../tasks/db.ts'), read('../../package.json')]);
  const { readTasks } = await import('./signature.ts');
  const { version } = JSON.parse(manifest) as { version: string };
  return { version, digest: digestOf(text), tasks: await readTasks('tasks/db.ts', text) };
}

/** Digest of a task file's text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Loads the functions behind the tasks. */
export function loadBuiltin(): Promise<Readonly<Record<string, unknown>>> {
  return import('../../tasks/db.ts');
}
