// The context of a task: the project, and a way to run other tasks.
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { hasOwnCache } from '../config/cache.ts';
import type { Variables } from '../config/environment.ts';
import { findLayout } from '../config/layout.ts';
import type { ProjectFolder } from '../config/project.ts';
import type { CopyProgress } from '../flow/progress.ts';
import { applyOverrides, type Overrides } from '../project/options.ts';
import { type Project, resolveShadow } from '../project/project.ts';
import { resolveSchema } from '../project/schema-sources.ts';
import { openWorkspace, type Workspace } from '../project/workspace.ts';
import type { World } from '../project/world.ts';
import type { Paper } from '../report/paper.ts';
import { makeEnvironments } from './environments.ts';
import type { Outcome } from './outcome.ts';
import { type TaskShell, taskShell } from './shell.ts';

/** The first argument of every task. */
export interface TaskContext extends Project, World {
  /** Shows a text beside the results: on standard error. */
  show?(text: (paper: Paper) => string): void;
  /** Shows a text and asks whether to go on; left out where there is no terminal. */
  ask?(text: (paper: Paper) => string): Promise<boolean>;
  /**
   * Asks for one of several answers and gives its place; left out where there is no terminal.
   * @throws Problem `interrupted`
   */
  choose?(question: string, answers: readonly string[]): Promise<number>;
  /** Prints a result before the task has ended: its facts with `--json`, else its text. */
  publish?(outcome: Pick<Outcome, 'facts' | 'text'>): void;
  /** zx's `$`, which runs commands in the project's folder; loaded by the first of them. */
  readonly $: TaskShell;
  /**
   * Runs another task and gives its result. With the same arguments it runs once per command line, however
   * many tasks need it.
   */
  run<Args extends unknown[], Result>(
    task: (context: TaskContext, ...args: Args) => Result,
    ...args: Args
  ): Promise<Awaited<Result>>;
}

/** The effects of the process that lower folders receive as arguments. */
export interface Edge {
  readonly variables: Variables;
  now(): Date;
  progress(message: string): void;
  /** Shows what only `--verbose` asks for; left out without it. */
  detail?(message: string): void;
  /** Shows a line that needs attention. */
  note?(message: string): void;
  /** Shows a line of a program that was started. */
  show(line: string): void;
  pace?(pace: CopyProgress): void;
  onInterrupt?(undo: () => Promise<unknown>): () => void;
  onStop?(stop: () => void): () => void;
}

/** The questions of a command line on its terminal. */
export type Questions = Pick<TaskContext, 'ask' | 'choose' | 'show' | 'publish'>;

/** The paths and the configuration of a folder, with defaults. @throws Problem `bad_config` */
export function makeProject({ root, config, cacheDir }: ProjectFolder, version: string): Project {
  const at = (path: string) => (isAbsolute(path) ? path : join(root, path));
  const layout = findLayout(root, config);
  return {
    root,
    ...resolveSchema(config.schema ?? usualSchema(root), at),
    migrations: at(config.migrations ?? layout?.folder ?? 'migrations'),
    ...(layout && { layout }),
    queries: [config.queries ?? []].flat(),
    cacheDir,
    embedded: join(root, '.pgmage', 'database'),
    shadow: resolveShadow(config.shadow ?? 'auto'),
    shadowSuperuser: config.shadowSuperuser ?? false,
    online: config.online ?? true,
    ...(config.lockTimeout !== undefined && { lockTimeout: config.lockTimeout }),
    ...stallTimeoutOf(config),
    ...(config.external !== undefined && { external: pathsOf(config.external, at) }),
    ...(config.masks !== undefined && { masks: config.masks }),
    ...(config.data !== undefined && { data: config.data }),
    ...(config.policy !== undefined && { policy: config.policy }),
    ...(config.serve !== undefined && { serve: config.serve }),
    version,
    ignore: { schemas: config.ignore?.schemas ?? [], objects: config.ignore?.objects ?? [] },
  };
}

const pathsOf = (paths: Readonly<Record<string, string>>, at: (path: string) => string) =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, at(path)]));

/** The world of a process, with the environments of a folder's configuration. */
export function makeWorld({ root, config, cacheDir }: ProjectFolder, edge: Edge): World {
  const { afterSync } = config;
  const { variables, now, progress, note, detail, show, pace, onInterrupt, onStop } = edge;
  const noted = new Set<string>();
  if (!hasOwnCache({ root, cacheDir }))
    detail?.(`Cache: ${cacheDir}, because this user cannot write into ${root}`);
  return {
    ...makeEnvironments({ root, config, variables }, progress),
    now,
    progress,
    ...(note && {
      note(message: string) {
        if (!noted.has(message)) note(message);
        noted.add(message);
      },
    }),
    ...(detail && { detail }),
    ...(pace && { pace }),
    author: async () => (await import('./author.ts')).findAuthor(root),
    ...(afterSync && {
      async afterSync() {
        const { runHook } = await import('../config/command.ts');
        await runHook({ name: 'afterSync', command: afterSync, cwd: root, show });
      },
    }),
    ...(onInterrupt && { onInterrupt }),
    ...(onStop && { onStop }),
  };
}

const stallTimeoutOf = ({ stallTimeout }: ProjectFolder['config']) =>
  stallTimeout === undefined ? {} : { stallTimeout };

/** Makes the context of one command line. */
export function makeContext(
  project: Project,
  world: World,
  asking: Questions,
  show: Edge['show'],
): TaskContext {
  const done = new Map<unknown, Map<string, unknown>>();
  const context: TaskContext = {
    ...project,
    ...world,
    ...asking,
    $: taskShell(project.root, show),
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

/**
 * Opens the workspace of a task. Its options override the configuration.
 * @throws Problem `bad_option`
 */
export function makeWorkspace(context: TaskContext, options: Overrides = {}): Workspace {
  return openWorkspace(applyOverrides(context, options), context);
}

// No options and an empty object of options are the same call.
function isEmpty(arg: unknown): boolean {
  return arg === undefined || (typeof arg === 'object' && arg !== null && Object.keys(arg).length === 0);
}

function usualSchema(root: string): string {
  const usual = ['schema/schema.sql', 'schema.sql', 'schema'];
  return usual.find((path) => existsSync(join(root, path))) ?? 'schema/schema.sql';
}
