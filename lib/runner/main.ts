// One command line from its words to its exit code.
import { findProjectRoot, openProject, type ProjectFolder } from '../config/project.ts';
import type { CopyProgress } from '../flow/progress.ts';
import { makeLegible } from '../problem/legible.ts';
import { rememberStart } from '../problem/own-command.ts';
import { format, Problem, toProblem } from '../problem/problem.ts';
import { barText } from '../report/bar.ts';
import type { Paper } from '../report/paper.ts';
import type { CommandLine } from './arguments.ts';
import { loadPackageFacts } from './builtin.ts';
import {
  type Edge,
  makeContext,
  makeProject,
  makeWorld,
  type Questions,
  type TaskContext,
} from './context.ts';
import { isOutcome, type Outcome } from './outcome.ts';
import { findTasks, type Runnable } from './tasks.ts';
import { readWords } from './words.ts';
import { adviseFolder } from './wrong-folder.ts';

/** A process as the runner sees it. */
export interface Caller {
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
  ask?(question: string, colour: boolean): Promise<boolean>;
  /** Asks there for one of several answers; left out likewise. */
  choose?(question: string, answers: readonly string[], colour: boolean): Promise<number>;
  /** Notes that a task did its work; its result is not printed yet. */
  noteDone?(task: string): void;
  /** Registers an undo for an interrupt; returns a function that removes it. */
  onInterrupt?(undo: () => Promise<unknown>): () => void;
  /** Registers the end of work that Ctrl-C ends instead of the process; returns a way to forget it. */
  onStop?(stop: () => void): () => void;
}

/** Runs a command line. @returns 0 fine, 1 failed, 2 differences found, 64 bad usage; it never throws */
export async function run(caller: Caller): Promise<number> {
  // Read first, so that every problem is printed in the requested form.
  const json = caller.words.includes('--json');
  try {
    return await perform(caller);
  } catch (thrown) {
    const problem = await adviseFolder(toProblem(thrown), caller.cwd);
    if (json) caller.print(JSON.stringify({ problem }));
    else {
      if (findFormat(caller.words) === 'github') await annotate(problem, caller);
      caller.log(await problemText(problem, caller));
    }
    return problem.exitCode;
  }
}

// `--format github` of any task: a problem is an annotation, too, such as invalid SQL in the schema.
async function annotate(problem: Problem, { cwd, variables, print }: Caller): Promise<void> {
  const { problemAnnotation } = await import('../report/annotations.ts');
  print(problemAnnotation(problem, await filePathsOf(await findProjectRoot(cwd), variables)));
}

// These formats name files for a program that knows the repository and not the project.
const filePathsOf = async (root: string, variables: Caller['variables']) =>
  (await import('./repository-path.ts')).findFilePaths(root, variables);

const findFormat = (words: readonly string[]) =>
  /(?:^|\0)--format[=\0](github|gitlab)(?:\0|$)/.exec(words.join('\0'))?.[1];

async function perform(caller: Caller): Promise<number> {
  const { version, tasks: own } = await loadPackageFacts();
  const names = own.map(({ name }) => name);
  rememberStart(caller.variables.npm_config_user_agent, names);
  const printVersion = () =>
    caller.print(caller.words.includes('--json') ? JSON.stringify({ version }) : version);
  // `--version` alone works in any project, even a broken one.
  if (/^(--version|-V)$/.test(caller.words.filter((word) => word !== '--json').join(' '))) {
    printVersion();
    return 0;
  }
  const folder = await openProject(caller.cwd, version);
  const progress = (message: string) => caller.log(`${stampOf(caller)}${makeLegible(message)} …`);
  const found = await findTasks(folder, progress);
  const { tasks } = found;
  const line = await readWords(caller, folder, found);
  if (line.globals.version) printVersion();
  else if (line.globals.help || line.globals.list || line.calls.length === 0)
    await explain(caller, tasks, line);
  else {
    const detail = (message: string) => caller.log(`${stampOf(caller)}${makeLegible(message)}`);
    const edge = { ...edgeOf(caller, progress), ...(line.globals.verbose && { detail }) };
    const asking = {
      show: (text: (paper: Paper) => string) => caller.log(text(logPaperOf(caller, line.globals.colour))),
      ...(caller.ask && { ask: asker(caller, line.globals.colour) }),
      ...chooser(caller, line.globals.colour),
      publish: publisher(caller, line.globals),
    };
    const context = makeContext(makeProject(folder, version), makeWorld(folder, edge), asking, edge.show);
    return execute(caller, folder, line, context);
  }
  return 0;
}

function edgeOf(caller: Caller, progress: (message: string) => void): Edge {
  const { variables, now, onInterrupt, onStop, lastLine } = caller;
  const pace = (of: CopyProgress) => lastLine?.draw(barText(of, lastLine.width()));
  return {
    variables,
    now,
    progress,
    note: (message) => caller.log(`${stampOf(caller)}${makeLegible(message)}`),
    show: caller.log,
    ...(lastLine && variables.TERM !== 'dumb' && { pace }),
    ...(onInterrupt && { onInterrupt }),
    ...(onStop && { onStop }),
  };
}

// The time of a log line; left out on a terminal.
function stampOf({ logsToTerminal, now }: Caller): string {
  return logsToTerminal ? '' : `${now().toISOString()} `;
}

async function explain(
  caller: Caller,
  tasks: readonly Runnable[],
  { globals, named }: CommandLine,
): Promise<void> {
  const { listText, taskText, usageText } = await import('./help.ts');
  if (globals.json) caller.print(JSON.stringify(named.length > 0 ? named : tasks));
  else if (named.length > 0) caller.print(named.map(taskText).join('\n\n'));
  else caller.print(globals.list ? listText(tasks) : usageText(tasks));
}

// Questions go to the output of progress, so that stdout contains only results.
function asker(caller: Caller, colour: boolean | undefined): NonNullable<Questions['ask']> {
  return async (text) => {
    const paper = logPaperOf(caller, colour);
    caller.log(text(paper));
    return caller.ask?.('Go on?', paper.colour) ?? false;
  };
}

function chooser(caller: Caller, colour: boolean | undefined): Pick<Questions, 'choose'> {
  const { choose } = caller;
  if (choose === undefined) return {};
  return { choose: (question, answers) => choose(question, answers, logPaperOf(caller, colour).colour) };
}

function publisher(
  caller: Caller,
  { json, colour }: CommandLine['globals'],
): NonNullable<Questions['publish']> {
  return ({ facts, text }) => caller.print(json ? JSON.stringify(facts) : text(paperOf(caller, colour)));
}

// Left to right; the first that does not end with 0 is the last.
async function execute(
  caller: Caller,
  folder: ProjectFolder,
  line: CommandLine,
  context: TaskContext,
): Promise<number> {
  const { hooks } = folder.config;
  const named = findFormat(caller.words) && (await filePathsOf(folder.root, caller.variables));
  const paper = { ...paperOf(caller, line.globals.colour), ...named };
  const documents: unknown[] = [];
  let code = 0;
  for (const { task, args } of line.calls) {
    await guarded('hooks.before', async () => hooks?.before?.({ task: task.name }));
    const { own, load } = task as Runnable;
    const work = await load();
    const run = () =>
      context.run(work, ...args).catch(async (thrown: unknown) => {
        const { fitToTask } = await import('./own-hint.ts');
        throw fitToTask(thrown, task as Runnable, (await loadPackageFacts()).tasks);
      });
    const result = await (own ? run() : guarded(task.name, run)).catch(async (thrown: unknown) => {
      // A failure of the hook must not hide the failure of the task.
      await told(caller, folder, task.name, toProblem(thrown)).catch(async (other: unknown) =>
        caller.log(await problemText(toProblem(other), caller)),
      );
      throw thrown;
    });
    const outcome = isOutcome(result) ? result : plain(result);
    code = outcome?.code ?? 0;
    if (code === 0) caller.noteDone?.(task.name);
    if (!line.globals.json && outcome !== null) caller.print(outcome.text(paper));
    documents.push(outcome?.facts ?? null);
    await guarded('hooks.after', async () =>
      hooks?.after?.({ task: task.name, code, facts: outcome?.facts }),
    );
    if (code !== 0) break;
  }
  if (line.globals.json) caller.print(JSON.stringify(line.calls.length > 1 ? documents : documents[0]));
  return code;
}

async function told(
  { log }: Caller,
  { root, config }: ProjectFolder,
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

function colourful({ variables }: Caller, onTerminal: boolean): boolean {
  return onTerminal && !variables.NO_COLOR && variables.TERM !== 'dumb';
}

// Plans are shown on standard error, which can be a terminal where the results go to a file.
function logPaperOf(caller: Caller, colour: boolean | undefined): Paper {
  const { logsToTerminal, lastLine, now } = caller;
  const width = Math.max(40, lastLine?.width() ?? 80);
  return { width, uncut: !logsToTerminal, colour: colour ?? colourful(caller, logsToTerminal), now: now() };
}

function paperOf(caller: Caller, colour: boolean | undefined): Paper {
  const { terminal, now } = caller;
  const wanted = colour ?? colourful(caller, terminal !== undefined);
  const width = Math.max(40, terminal ?? 80);
  return { width, uncut: terminal === undefined, colour: wanted, now: now() };
}

async function problemText(problem: Problem, caller: Caller): Promise<string> {
  const { words } = caller;
  const { wrapText } = await import('../report/wrapped.ts');
  const text = format(problem, (line) => wrapText(line, logPaperOf(caller, false)));
  const asked = words.includes('--color');
  if (words.includes('--no-color') || !(asked || colourful(caller, caller.logsToTerminal))) return text;
  const { makeInk: inkOf } = await import('../report/ink.ts');
  const [first = '', ...rest] = text.split('\n');
  return [inkOf(true).red(first), ...rest].join('\n');
}
