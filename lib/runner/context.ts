// The context of a task: the project, and a way to run other tasks.
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  defaultName,
  type Environment,
  findEnvironment,
  protectedEnvironments,
  type Variables,
} from '../config/environment.ts';
import { findLayout } from '../config/layout.ts';
import type { Project } from '../config/project.ts';
import type { CopyProgress } from '../flow/progress.ts';
import type { Context } from '../project/context.ts';
import type { Paper } from '../report/paper.ts';
import { type TaskShell, taskShell } from './shell.ts';

/** The first argument of every task. */
export interface TaskContext extends Context {
  /** Shows a text and asks whether to go on; left out where there is no terminal. */
  ask?(text: (paper: Paper) => string): Promise<boolean>;
  /**
   * Asks for one of several answers and gives its place; left out where there is no terminal.
   * @throws Problem `interrupted`
   */
  choose?(question: string, answers: readonly string[]): Promise<number>;
  /** zx's `$`, which runs commands in the project's folder; loaded by the first of them. */
  readonly $: TaskShell;
  /**
   * Runs another task and gives its result. With the same arguments it runs once per command line, however many
   * tasks need it.
   */
  run<Args extends unknown[], Result>(
    task: (context: TaskContext, ...args: Args) => Result,
    ...args: Args
  ): Promise<Awaited<Result>>;
}

/** The effects of the process that lower folders receive as arguments. */
export interface Edge {
  readonly version: string;
  readonly variables: Variables;
  now(): Date;
  progress(message: string): void;
  /** Shows a line of a program that was started. */
  show(line: string): void;
  pace?(pace: CopyProgress): void;
  onInterrupt?(undo: () => Promise<void>): () => void;
  ask?(text: (paper: Paper) => string): Promise<boolean>;
  choose?(question: string, answers: readonly string[]): Promise<number>;
}

/** Makes the context of one command line. */
export function makeContext(project: Project, edge: Edge): TaskContext {
  const { root, config, cacheDir } = project;
  const { afterSync } = config;
  const at = (path: string) => (isAbsolute(path) ? path : join(root, path));
  const layout = findLayout(root, config);
  const stall = config.stallTimeout === undefined ? {} : { stallTimeout: config.stallTimeout };
  const environments = new Map<string, Promise<Environment>>();
  const done = new Map<unknown, Map<string, unknown>>();
  const context: TaskContext = {
    root,
    schema: at(config.schema ?? usualSchema(root)),
    migrations: at(config.migrations ?? layout?.folder ?? 'migrations'),
    ...(layout && { layout }),
    queries: [config.queries ?? []].flat(),
    cacheDir,
    embedded: join(root, '.pgmage', 'database'),
    shadow: config.shadow ?? null,
    online: config.online ?? true,
    ...(config.lockTimeout !== undefined && { lockTimeout: config.lockTimeout }),
    ...stall,
    ...(config.masks !== undefined && { masks: config.masks }),
    version: edge.version,
    ignore: { schemas: config.ignore?.schemas ?? [], objects: config.ignore?.objects ?? [] },
    // Looked up once: a command that gives the URL can be slow, or can prompt the user.
    environment(name?: string): Promise<Environment> {
      const key = name ?? config.environment ?? defaultName;
      const found =
        environments.get(key) ??
        findEnvironment({ root, config, variables: edge.variables }, key).then((one) => ({
          ...one,
          ...stall,
        }));
      environments.set(key, found);
      return found;
    },
    protectedEnvironments: () => protectedEnvironments({ root, config, variables: edge.variables }),
    now: edge.now,
    progress: edge.progress,
    ...(edge.pace && { pace: edge.pace }),
    author: async () => (await import('./author.ts')).authorOf(root),
    ...(afterSync && {
      async afterSync() {
        const { runHook } = await import('../config/command.ts');
        await runHook({ name: 'afterSync', command: afterSync, cwd: root, show: edge.show });
      },
    }),
    ...(edge.onInterrupt && { onInterrupt: edge.onInterrupt }),
    ...(edge.ask && { ask: edge.ask }),
    ...(edge.choose && { choose: edge.choose }),
    $: taskShell(root, edge.show),
    run(task, ...args) {
      const byArguments = done.get(task) ?? new Map<string, unknown>();
      done.set(task, byArguments);
      const key = JSON.stringify(args.filter((arg) => !isEmpty(arg)));
      // The promise itself is kept, so that two tasks that ask at the same time share one run.
      if (!byArguments.has(key)) byArguments.set(key, (async () => task(context, ...args))());
      return byArguments.get(key) as Promise<never>;
    },
  };
  return context;
}

// No options and an empty object of options are the same call.
function isEmpty(arg: unknown): boolean {
  return arg === undefined || (typeof arg === 'object' && arg !== null && Object.keys(arg).length === 0);
}

function usualSchema(root: string): string {
  const usual = ['schema/schema.sql', 'schema.sql', 'schema'];
  return usual.find((path) => existsSync(join(root, path))) ?? 'schema/schema.sql';
}
