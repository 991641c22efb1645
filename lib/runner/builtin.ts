// The tasks that come with pgmage, compiled and with their signatures read when the package was built.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Task } from './task.ts';

/** Facts about the package, which build.js fills in. */
interface Built {
  readonly version: string;
  /** Digests of their files. */
  readonly digests: readonly string[];
  readonly tasks: readonly Task[];
}

declare const PGMAGE_BUILT: Built | string | undefined;

/** The version and tasks of this package; run from its sources it reads them where the build would have. */
export async function loadPackageFacts(): Promise<Built> {
  if (typeof PGMAGE_BUILT === 'string') return JSON.parse(PGMAGE_BUILT) as Built;
  if (typeof PGMAGE_BUILT !== 'undefined') return PGMAGE_BUILT;
  const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
  const names = Object.keys(modules);
  const [manifest, ...texts] = await Promise.all([
    read('../../package.json'),
    ...names.map((name) => read(`../../tasks/${name}`)),
  ]);
  const { readTasks } = await import('./signature.ts');
  const { version } = JSON.parse(manifest) as { version: string };
  const tasks = await Promise.all(texts.map((text, at) => readTasks(`tasks/${names[at]}`, text)));
  return { version, digests: texts.map(hashText), tasks: tasks.flat() };
}

/** Digest of a task file's text. */
export function hashText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

// In the order in which --list shows their tasks.
const modules: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>> = {
  'init.ts': () => import('../../tasks/init.ts'),
  'db.ts': () => import('../../tasks/db.ts'),
  'db.push.ts': () => import('../../tasks/db.push.ts'),
  'db.review.ts': () => import('../../tasks/db.review.ts'),
  'db.generated.ts': () => import('../../tasks/db.generated.ts'),
  'db.clone.ts': () => import('../../tasks/db.clone.ts'),
  'db.backup.ts': () => import('../../tasks/db.backup.ts'),
  'data.ts': () => import('../../tasks/data.ts'),
  'serve.ts': () => import('../../tasks/serve.ts'),
};

/** Loads the functions behind the tasks of a file. */
export async function loadBuiltin(file: string): Promise<Readonly<Record<string, unknown>>> {
  return modules[file]?.() ?? {};
}
