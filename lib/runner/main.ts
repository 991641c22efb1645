// One command line from its words to its exit code.
import { openProject, type Project } from '../config/project.ts';
import type { CopyProgress } from '../flow/progress.ts';
import { legible } from '../problem/legible.ts';
import { format, Problem, toProblem } from '../problem/problem.ts';
import { barText } from '../report/bar.ts';
import type { Paper } from '../report/paper.ts';
import { type CommandLine, readCommandLine } from './arguments.ts';
import { builtin } from './builtin.ts';
import { type Edge, makeContext } from './context.ts';
import { isOutcome, type Outcome } from './outcome.ts';
import { findTasks, type Runnable } from './tasks.ts';

/** A process as the runner sees it. */
export interface World {
  /** The words after the program's name. */
  readonly words: readonly string[];
  readonly cwd: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Columns of standard output, where it is a terminal. */
  readonly terminal: number | undefined;
  /** True if the log goes to a terminal. */
  readonly logsToTerminal: boolean;
  /** Draws the last line of the log, over the previous one; left out where there is no terminal. */
  readonly lastLine?: { width(): number; draw(line: string): void };
  now(): Date;
  /** Writes a result. */
  print(text: string): void;
  /** Writes progress, logs and errors. */
  log(text: string): void;
  /** Asks on the terminal; left out where there is none. */
  ask?(question: string): Promise<boolean>;
  /** Asks there for one of several answers; left out likewise. */
  choose?(question: string, answers: readonly string[]): Promise<number>;
  /** Registers an undo for an interrupt; returns a function that removes it. */
  onInterrupt?(undo: () => Promise<void>): () => void;
}

/** Runs a command line. @returns 0 fine, 1 failed, 2 differences found, 64 bad usage; it never throws */
export async function run(world: World): Promise<number> {
  // Read first, so that every problem is printed in the requested form.
  const json = world.words.includes('--json');
  try {
    return await perform(world);
  } catch (thrown) {
    const problem = toProblem(thrown);
    if (json) world.print(JSON.stringify({ problem }, null, 2));
    else world.log(await problemText(problem, world));
    return problem.exitCode;
  }
}

async function perform(world: World): Promise<number> {
  const { version } = await builtin();
  // `--version` alone works in any project, even a broken one.
  if (/^(--version|-V)$/.test(world.words.join(' '))) {
    world.print(version);
    return 0;
  }
  const project = await openProject(world.cwd, version);
  const progress = (message: string) => world.log(`${stampOf(world)}${legible(message)} …`);
  const tasks = await findTasks(project, progress);
  const line = readCommandLine(world.words, tasks);
  if (line.globals.version) world.print(version);
  else if (line.globals.help || line.globals.list || line.calls.length === 0)
    await explain(world, tasks, line);
  else {
    const { variables, now, onInterrupt, lastLine } = world;
    const pace = (of: CopyProgress) => lastLine?.draw(barText(of, lastLine.width()));
    const ask = world.ask && asker(world, line.globals.colour);
    const edge = {
      version,
      variables,
      now,
      progress,
      show: world.log,
      ...(lastLine && variables.TERM !== 'dumb' && { pace }),
      ...(onInterrupt && { onInterrupt }),
      ...(ask && { ask }),
      ...(world.choose && { choose: world.choose }),
    };
    return execute(world, project, line, edge);
  }
  return 0;
}

// The time of a log line; left out on a terminal.
function stampOf({ logsToTerminal, now }: World): string {
  return logsToTerminal ? '' : `${now().toISOString()} `;
}

async function explain(
  world: World,
  tasks: readonly Runnable[],
  { globals, named }: CommandLine,
): Promise<void> {
  const { listText, taskText, usageText } = await import('./help.ts');
  if (globals.json) world.print(JSON.stringify(named.length > 0 ? named : tasks, null, 2));
  else if (named.length > 0) world.print(named.map(taskText).join('\n\n'));
  else world.print(globals.list ? listText(tasks) : usageText(tasks));
}

// Questions go to the output of progress, so that stdout contains only results.
function asker(world: World, colour: boolean | undefined): Edge['ask'] {
  return async (text) => {
    world.log(text(paperOf(world, colour)));
    return world.ask?.('Go on?') ?? false;
  };
}

// Left to right; the first that does not end with 0 is the last.
async function execute(world: World, project: Project, line: CommandLine, edge: Edge): Promise<number> {
  const { hooks } = project.config;
  const context = makeContext(project, edge);
  const paper = paperOf(world, line.globals.colour);
  const documents: unknown[] = [];
  let code = 0;
  for (const { task, args } of line.calls) {
    await guarded('hooks.before', async () => hooks?.before?.({ task: task.name }));
    const { own, load } = task as Runnable;
    const work = await load();
    const run = () => context.run(work, ...args);
    const result = await (own ? run() : guarded(task.name, run)).catch(async (thrown: unknown) => {
      // A failure of the hook must not hide the failure of the task.
      await told(world, project, task.name, toProblem(thrown)).catch(async (other: unknown) =>
        world.log(await problemText(toProblem(other), world)),
      );
      throw thrown;
    });
    const outcome = isOutcome(result) ? result : plain(result);
    if (!line.globals.json && outcome !== null) world.print(outcome.text(paper));
    documents.push(outcome?.facts ?? null);
    code = outcome?.code ?? 0;
    await guarded('hooks.after', async () =>
      hooks?.after?.({ task: task.name, code, facts: outcome?.facts }),
    );
    if (code !== 0) break;
  }
  if (line.globals.json)
    world.print(JSON.stringify(line.calls.length > 1 ? documents : documents[0], null, 2));
  return code;
}

async function told(
  { log }: World,
  { root, config }: Project,
  task: string,
  problem: Problem,
): Promise<void> {
  const { code, message, hint } = problem;
  const failed = config.hooks?.failed;
  if (failed === undefined) return;
  if (typeof failed === 'function')
    return guarded('hooks.failed', async () => failed({ task, problem: { code, message, hint } }));
  const { runHook } = await import('../config/command.ts');
  const said = { TASK: task, CODE: code, MESSAGE: message, HINT: hint };
  const variables = Object.fromEntries(
    Object.entries(said).map(([name, value]) => [`PGMAGE_${name}`, value]),
  );
  await runHook({ name: 'hooks.failed', command: failed, cwd: root, variables, show: log });
}

// An error in the project's own code is not a bug of pgmage.
async function guarded<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Problem) throw thrown;
    const stack = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    // The frames of pgmage itself do not help the author of the task.
    const reason = stack.replace(/\n +at [^\n]*[\\/]dist[\\/]bin\.cjs:[\d:]+\)?/g, '');
    throw new Problem('task_failed', { task: name, reason }, { cause: thrown });
  }
}

// A task may return any value: text is printed as it is, other data as JSON, nothing as nothing.
function plain(value: unknown): Outcome | null {
  if (value === undefined) return null;
  return { facts: value, text: () => (typeof value === 'string' ? value : JSON.stringify(value, null, 2)) };
}

function colourful({ variables }: World, onTerminal: boolean): boolean {
  return onTerminal && !variables.NO_COLOR && variables.TERM !== 'dumb';
}

function paperOf(world: World, colour: boolean | undefined): Paper {
  const { terminal, now } = world;
  const wanted = colour ?? colourful(world, terminal !== undefined);
  const width = Math.max(40, terminal ?? 80);
  return { width, uncut: terminal === undefined, colour: wanted, now: now() };
}

async function problemText(problem: Problem, world: World): Promise<string> {
  const text = format(problem);
  const { words } = world;
  const asked = words.includes('--color');
  if (words.includes('--no-color') || !(asked || colourful(world, world.logsToTerminal))) return text;
  const { inkOf } = await import('../report/ink.ts');
  const [first = '', ...rest] = text.split('\n');
  return [inkOf(true).red(first), ...rest].join('\n');
}
