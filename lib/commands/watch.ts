// Compares a database with the wanted schema again at each save of the schema files.
import { createHash } from 'node:crypto';
import { type FSWatcher, watch as watchFiles } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem, toProblem } from '../problem/problem.ts';
import { listWatched, readWanted } from '../project/schema-sources.ts';
import { readSurrounding } from '../project/shadow-catalog.ts';
import { openWorkspace, type Workspace } from '../project/workspace.ts';
import { type DifferenceReport, difference } from './diff.ts';
import { type PushReport, push, pushTarget } from './push.ts';

/** The options of `db:watch`. */
export interface WatchInput {
  /** The environment to compare with; default: the configured one. */
  readonly env?: string;
  /** Brings the database to the schema after each save. */
  readonly push?: boolean;
  /** With `push`: go on although data is lost. */
  readonly force?: boolean;
}

/** The result of one look at the schema. */
export type WatchEvent = { /** Milliseconds from the save to this. */ readonly milliseconds: number } & (
  | { readonly is: 'difference'; readonly report: DifferenceReport }
  | { readonly is: 'pushed'; readonly report: PushReport }
  | { readonly is: 'problem'; readonly problem: Problem }
);

/** The report of `db:watch`. */
export interface WatchReport {
  /** How many times the schema was looked at. */
  readonly looks: number;
}

// The catalogs of a shadow grow with each rolled back transaction, and are slower to read.
const looksPerShadow = 40;
// The exit code of a wrong environment, option or configuration.
const wrongUsage = 64;
// Milliseconds in which an editor finishes a save.
const settling = 25;

/**
 * Compares now, and again after each change of the schema files, until it is stopped. A problem of the files
 * or of the connection is an event, and watching goes on. Wrong usage ends it: no save can correct that.
 * @param tell receives each event
 * @throws Problem `push_refused`, `protected_target`, `embedded_not_named`; `missing_schema` at the
 * beginning; each of wrong usage, as `unknown_environment`, `several_tenants`
 */
export async function watch(
  workspace: Workspace,
  input: WatchInput,
  tell: (event: WatchEvent) => void,
): Promise<WatchReport> {
  const { project, world } = workspace;
  if (input.push) await pushTarget(world, input, undefined);
  const changes = new Changes();
  const watched = listWatched(project).map((path) => observe(path, () => changes.note()));
  const watchers = await Promise.all(watched);
  const forget = world.onStop?.(() => changes.stop());
  let looks = 0;
  let seen: string | null = null;
  let own = openWorkspace(project, world);
  try {
    for (
      let since: number | null = world.now().getTime();
      since !== null;
      since = await changes.next(() => world.now())
    ) {
      const content = await digestOf(workspace);
      if (content === seen && looks > 0) continue;
      seen = content;
      if (looks++ % looksPerShadow === looksPerShadow - 1) {
        await own[Symbol.asyncDispose]();
        own = openWorkspace(project, world);
      }
      const start = since;
      await look(own, input, (event) =>
        tell({ ...event, milliseconds: world.now().getTime() - start } as WatchEvent),
      );
    }
  } finally {
    for (const watcher of watchers) watcher.close();
    forget?.();
    await own[Symbol.asyncDispose]();
  }
  return { looks };
}

type Event<Kind = WatchEvent> = Kind extends WatchEvent ? Omit<Kind, 'milliseconds'> : never;

async function look(own: Workspace, input: WatchInput, tell: (event: Event) => void): Promise<void> {
  const { env, force } = input;
  try {
    const report = await difference(own, env === undefined ? {} : { env });
    tell({ is: 'difference', report });
    if (!input.push || report.changes.length === 0) return;
    const consent = { yes: true, ...(force && { force }), ...(env !== undefined && { env }) };
    tell({ is: 'pushed', report: await push(own, consent, undefined).catch(adviseAboutPush) });
  } catch (thrown) {
    const problem = toProblem(thrown);
    if (problem.exitCode === wrongUsage) throw problem;
    tell({ is: 'problem', problem });
  }
}

// db:watch takes no renames.
function adviseAboutPush(thrown: unknown): never {
  if (!(thrown instanceof Problem) || thrown.code !== 'data_loss_refused') throw thrown;
  throw Object.assign(thrown, {
    hint: thrown.hint.replace(', pass --rename', ', run db:push with --rename'),
  });
}

// An editor may replace a file by another one, which only its folder notices.
async function observe(schema: string, note: () => void): Promise<FSWatcher> {
  const isFolder = (await stat(schema).catch(() => null))?.isDirectory() ?? false;
  const watcher = watchFiles(isFolder ? schema : dirname(schema), { recursive: isFolder }, note);
  // A folder that is removed is found missing by the next look.
  watcher.on('error', note);
  return watcher;
}

// A digest of the schema files; null: they cannot be read, which the look itself reports.
async function digestOf({ project }: Workspace): Promise<string | null> {
  const reading = Promise.all([readWanted(project), readSurrounding(project)]);
  const files = await reading.catch(() => null);
  return files && createHash('sha256').update(JSON.stringify(files)).digest('hex');
}

// The changes since the last look, as the time of the first of them.
class Changes {
  #isNoted = false;
  #isStopped = false;
  #wake: () => void = () => undefined;

  note(): void {
    this.#isNoted = true;
    this.#wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  /** Waits for a change, and until the editor has finished it; null: it was stopped. */
  async next(now: () => Date): Promise<number | null> {
    if (!this.#isNoted && !this.#isStopped)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const since = now().getTime();
    if (!this.#isStopped)
      await new Promise<void>((resolve) => {
        this.#wake = () => this.#isStopped && resolve();
        setTimeout(resolve, settling);
      });
    this.#isNoted = false;
    return this.#isStopped ? null : since;
  }
}
