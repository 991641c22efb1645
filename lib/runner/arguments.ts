// A command line → the calls it asks for, by the signatures of the tasks.

import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import { type Task, type TaskParameter, toFlag, type ValueType } from './task.ts';

/** One task to run, with the arguments its function is given after the context. */
export interface Call {
  readonly task: Task;
  readonly args: readonly unknown[];
}

/** Options that every command line understands. */
export interface Globals {
  readonly help: boolean;
  readonly list: boolean;
  readonly version: boolean;
  readonly json: boolean;
  /** Says more about how the work is done. */
  readonly verbose: boolean;
  /** Undefined: as the terminal is. */
  readonly colour: boolean | undefined;
}

/** The parsed command line. */
export interface CommandLine {
  readonly globals: Globals;
  /** Left to right. */
  readonly calls: readonly Call[];
  /** The tasks that were named, also where their arguments were not read because help was asked for. */
  readonly named: readonly Task[];
}

/** The global options with their help. */
export const globalOptions: readonly { readonly flags: readonly string[]; readonly help: string }[] = [
  { flags: ['--list', '-l'], help: 'Show every task' },
  { flags: ['--help', '-h'], help: 'Show help, of a task where one is named' },
  { flags: ['--json'], help: 'Print the same facts as one line of JSON' },
  {
    flags: ['--no-color', '--color'],
    help: 'Never or always use colours; default: on a terminal, without NO_COLOR',
  },
  { flags: ['--verbose'], help: 'Say more about how the work is done, e.g. which shadow database is used' },
  { flags: ['--version', '-V'], help: 'Print the version' },
];

type Values = Map<string, unknown>;

/**
 * Reads the words of a command line.
 * @throws Problem `unknown_task`, `unknown_option`, `bad_option`, each with the nearest names
 */
export function readCommandLine(words: readonly string[], tasks: readonly Task[]): CommandLine {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const globals: { -readonly [K in keyof Globals]: Globals[K] } = {
    help: false,
    list: false,
    version: false,
    json: false,
    verbose: false,
    colour: undefined,
  };
  const drafts: { task: Task; options: Values; positionals: string[] }[] = [];
  const rest = [...words];
  let literal = false;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const draft = drafts.at(-1);
    if (!literal && word === '--') literal = true;
    else if (!literal && /^-[^\d]/.test(word)) {
      if (!(draft && readOption(word, rest, draft.task, draft.options)) && !readGlobal(word, globals))
        throw unknownOption(word, draft?.task);
    } else {
      const missing = draft?.task.positionals.filter(({ required }) => required).length ?? 0;
      const open = draft !== undefined && takes(draft.task, draft.positionals.length);
      const task = literal || (draft && draft.positionals.length < missing) ? undefined : byName.get(word);
      if (task !== undefined) drafts.push({ task, options: new Map(), positionals: [] });
      else if (open) draft.positionals.push(word);
      else if (draft === undefined || word.includes(':')) throw unknownTask(word, tasks);
      else throw bad(draft.task, word, `${draft.task.name} takes no such argument`);
    }
  }
  const named = drafts.map(({ task }) => task);
  const calls = globals.help ? [] : drafts.map(finish);
  return { globals, calls, named };
}

function readGlobal(word: string, globals: { -readonly [K in keyof Globals]: Globals[K] }): boolean {
  if (word === '--help' || word === '-h') globals.help = true;
  else if (word === '--list' || word === '-l') globals.list = true;
  else if (word === '--version' || word === '-V') globals.version = true;
  else if (word === '--json') globals.json = true;
  else if (word === '--verbose') globals.verbose = true;
  else if (word === '--no-color') globals.colour = false;
  else if (word === '--color') globals.colour = true;
  else return false;
  return true;
}

// Takes the value out of `rest` where it is a word of its own; false: the task has no such option.
function readOption(word: string, rest: string[], task: Task, values: Values): boolean {
  const [name = '', ...after] = word.split('=');
  const inline = after.length > 0 ? after.join('=') : undefined;
  const negated = task.options.find((option) => word === toFlag(option.name).replace('--', '--no-'));
  if (negated?.value.type === 'boolean') {
    values.set(negated.name, false);
    return true;
  }
  const option = task.options.find(
    (candidate) => name === toFlag(candidate.name) || name === `--${candidate.name}`,
  );
  if (option === undefined) return false;
  const { value } = option;
  if (value.type === 'boolean') {
    if (inline !== undefined && inline !== 'true' && inline !== 'false')
      throw bad(task, name, 'it is true or false');
    values.set(option.name, inline !== 'false');
    return true;
  }
  const given = inline ?? (/^-[^\d]/.test(rest[0] ?? '-x') ? undefined : rest.shift());
  if (given === undefined) throw bad(task, name, `it needs ${describeValue(value)}`);
  if (value.type === 'list') {
    const list = (values.get(option.name) as unknown[] | undefined) ?? [];
    values.set(option.name, [...list, convert(task, name, given, value.of)]);
  } else values.set(option.name, convert(task, name, given, value));
  return true;
}

function finish({
  task,
  options,
  positionals,
}: {
  task: Task;
  options: Values;
  positionals: string[];
}): Call {
  for (const { name, required } of task.options)
    if (required && !options.has(name)) throw missing(task, toFlag(name));
  const args = task.positionals.flatMap((parameter: TaskParameter, index) => {
    const { name, value, required } = parameter;
    const given = positionals[index];
    if (given === undefined && required) throw missing(task, `<${name}>`);
    if (value.type === 'list') {
      const list = positionals.slice(index).map((one) => convert(task, name, one, value.of));
      // Options stand behind it, where a rest parameter cannot be.
      return task.takesOptions ? [list] : list;
    }
    return [given === undefined ? undefined : convert(task, name, given, value)];
  });
  return { task, args: task.takesOptions ? [...args, Object.fromEntries(options)] : args };
}

function takes(task: Task, already: number): boolean {
  return already < task.positionals.length || task.positionals.at(-1)?.value.type === 'list';
}

function convert(task: Task, name: string, given: string, value: ValueType): unknown {
  if (value.type === 'number') {
    if (given.trim() === '' || !Number.isFinite(Number(given)))
      throw bad(task, name, `${given} is not a number`);
    return Number(given);
  }
  if (value.type === 'boolean') {
    if (given !== 'true' && given !== 'false') throw bad(task, name, 'it is true or false');
    return given === 'true';
  }
  if (value.type !== 'choice') return given;
  const choice = value.choices.find((one) => String(one) === given);
  if (choice === undefined) throw bad(task, name, `${given} is not one of ${value.choices.join(', ')}`);
  return choice;
}

/** The kind of a value in words. */
export function describeValue(value: ValueType): string {
  if (value.type === 'number') return 'a number';
  if (value.type === 'choice') return `one of ${value.choices.join(', ')}`;
  return 'a value';
}

function unknownTask(word: string, tasks: readonly Task[]): Problem {
  const names = tasks.map(({ name }) => name);
  return new Problem('unknown_task', { name: word, nearest: findNearest(word, names) });
}

function unknownOption(word: string, task: Task | undefined): Problem {
  const name = word.split('=')[0] as string;
  const known = [
    ...(task?.options ?? []).map((option) => toFlag(option.name)),
    ...globalOptions.flatMap(({ flags }) => flags),
  ];
  const nearest = findNearest(name, known);
  return new Problem('unknown_option', { option: name, task: task?.name ?? null, nearest });
}

function missing({ name: task }: Task, option: string): Problem {
  return new Problem('missing_option', { option, task });
}

function bad({ name: task }: Task, option: string, reason: string): Problem<'bad_option'> {
  return new Problem('bad_option', { option, reason, task });
}
