// Every task of a project: those of its tasks/*.ts, and pgmage's own where the project has none of that name.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCache } from '../config/cache.ts';
import { compile } from '../config/module.ts';
import type { ProjectFolder } from '../config/project.ts';
import { isMissing, whileReading } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import { hashText, loadBuiltin, loadPackageFacts } from './builtin.ts';
import type { Task } from './task.ts';

/** A task with the way to its function. */
export interface Runnable extends Task {
  /** True if the task came with pgmage, so that an error in it is a bug of pgmage. */
  readonly own: boolean;
  load(): Promise<(...args: unknown[]) => unknown>;
}

/** The tasks, and the problem of those of the project; null: there is none. */
export interface FoundTasks {
  readonly tasks: Runnable[];
  readonly broken: Problem<'bad_task_file'> | null;
}

/**
 * Finds the tasks: pgmage's own in their order, then those of the project by name. Unchanged files are
 * neither compiled nor parsed again. Where a file of the project is broken, its tasks are left out, and those
 * of pgmage that a file of the project may replace: `tasks/db.ts` may have another `db:sync`.
 */
export async function findTasks(
  project: ProjectFolder,
  progress: (message: string) => void,
): Promise<FoundTasks> {
  const own = await loadPackageFacts();
  const found = new Map(
    own.tasks.map((task) => [task.name, runnable(task, true, () => loadBuiltin(task.file))]),
  );
  const added = await projectTasks(project, own, progress).catch((thrown: unknown) => {
    if (thrown instanceof Problem && thrown.code === 'bad_task_file')
      return thrown as Problem<'bad_task_file'>;
    throw thrown;
  });
  if (added instanceof Problem) {
    const groups = new Set((await taskFiles(project)).map(groupOf));
    return { tasks: [...found.values()].filter(({ name }) => !groups.has(groupOf(name))), broken: added };
  }
  for (const task of added.sort((a, b) => (a.name < b.name ? -1 : 1))) found.set(task.name, task);
  return { tasks: [...found.values()], broken: null };
}

// Of a file `db.data.ts`, and of a task `db:sync`.
const groupOf = (name: string) => name.replace(/[.:].*$/, '');

const taskFiles = async ({ root }: Pick<ProjectFolder, 'root'>) =>
  (await filesOf(join(root, 'tasks'))).filter((name) => /\.ts$/.test(name) && !/\.(d|test)\.ts$/.test(name));

/** The files of the folder of tasks that are programs, but not in TypeScript: they hold no tasks. */
export async function findIgnoredFiles({ root }: Pick<ProjectFolder, 'root'>): Promise<string[]> {
  const names = (await filesOf(join(root, 'tasks'))).filter((name) =>
    /\.([cm]?js|[cm]ts|[jt]sx)$/.test(name),
  );
  return names.sort().map((name) => `tasks/${name}`);
}

async function projectTasks(
  { root, cacheDir }: ProjectFolder,
  own: { readonly version: string; readonly digests: readonly string[] },
  progress: (message: string) => void,
): Promise<Runnable[]> {
  const folder = join(root, 'tasks');
  const names = (await taskFiles({ root })).sort();
  const texts = await Promise.all(
    names.map((name) => whileReading(`tasks/${name}`, () => readFile(join(folder, name), 'utf8'))),
  );
  // pgmage's own files, met in its own repository, are here already.
  const foreign = names.filter((_, index) => !own.digests.includes(hashText(texts[index] as string)));
  if (foreign.length === 0) return [];
  // Only here, because Node then reads the maps of every package that it loads.
  process.setSourceMapsEnabled(true);
  await makeCache({ root, cacheDir });
  const { urls, notes } = await compile<Task[][]>({
    name: 'tasks',
    root,
    cacheDir,
    version: own.version,
    entries: foreign.map((name) => join(folder, name)),
    progress,
    async notes(contents) {
      const { readTasks } = await import('./signature.ts');
      return Promise.all(contents.map((text, index) => readTasks(`tasks/${foreign[index]}`, text)));
    },
  });
  return notes.flatMap((tasks, index) =>
    tasks.map((task) => runnable(task, false, () => loadModule(urls[index] as string, `tasks/${task.file}`))),
  );
}

async function loadModule(url: string, file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new Problem('bad_task_file', { file, reason: (error as Error).message }, { cause: error });
  }
}

function runnable(
  task: Task,
  own: boolean,
  load: () => Promise<Readonly<Record<string, unknown>>>,
): Runnable {
  return { ...task, own, load: async () => (await load())[task.export] as (...args: unknown[]) => unknown };
}

function filesOf(folder: string): Promise<string[]> {
  return whileReading('tasks', () =>
    readdir(folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    }),
  );
}
