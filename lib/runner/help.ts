// The texts of --list and --help.
import { globalOptions } from './arguments.ts';
import { type Task, type TaskParameter, toFlag, type ValueType } from './task.ts';

/** `--list`: every task with the first sentence of its doc comment. */
export function listText(tasks: readonly Task[]): string {
  return [
    'Usage: pgmage [options] task [arguments] [task …]',
    '',
    'Tasks:',
    ...columns(tasks.map((task) => [task.name, task.summary])),
  ].join('\n');
}

/** `--help` without a task. */
export function usageText(tasks: readonly Task[]): string {
  const options = columns(globalOptions.map(({ flags, help }) => [flags.join(', '), help]));
  return [
    listText(tasks),
    '',
    'Options:',
    ...options,
    '',
    'pgmage TASK --help shows the options of a task.',
  ].join('\n');
}

/** `--help` of one task. */
export function taskText(task: Task): string {
  const usage = [
    'pgmage',
    task.name,
    ...task.positionals.map(place),
    ...(task.options.length > 0 ? ['[options]'] : []),
  ];
  const lines = [`Usage: ${usage.join(' ')}`];
  if (task.description !== '') lines.push('', flowed(task.description));
  if (task.positionals.length > 0)
    lines.push('', 'Arguments:', ...columns(task.positionals.map((one) => [one.name, helpOf(one)])));
  if (task.options.length > 0)
    lines.push('', 'Options:', ...columns(task.options.map((option) => [signature(option), helpOf(option)])));
  lines.push('', 'Every task also takes --json, --verbose, --no-color, --color and --help.');
  return lines.join('\n');
}

function place({ name, required, value }: TaskParameter): string {
  const shown = value.type === 'list' ? `${name}…` : name;
  return required ? `<${shown}>` : `[${shown}]`;
}

function signature({ name, value }: TaskParameter): string {
  if (value.type === 'boolean') return toFlag(name);
  return `${toFlag(name)} ${placeholder(name, value)}`;
}

function placeholder(name: string, value: ValueType): string {
  if (value.type === 'list') return `${placeholder(name, value.of)} …`;
  if (value.type === 'choice') return value.choices.join('|');
  const called = ('name' in value && value.name) || (value.type === 'number' ? 'N' : name);
  return called.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function helpOf({ help, required, value }: TaskParameter): string {
  const notes = [value.type === 'list' ? 'can be repeated' : '', required ? 'required' : ''].filter(
    (note) => note !== '',
  );
  return [help, notes.length > 0 ? `(${notes.join(', ')})` : ''].filter((part) => part !== '').join(' ');
}

// Two columns within 80 characters; a long text continues in the second column.
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const left = Math.min(24, Math.max(...rows.map(([first]) => first.length), 0));
  return rows.flatMap(([first, second]) => {
    const [head = '', ...more] = wrap(second, 80 - left - 4);
    const indent = ' '.repeat(left + 4);
    const lines =
      first.length > left ? [`  ${first}`, `${indent}${head}`] : [`  ${first.padEnd(left)}  ${head}`];
    return [...lines, ...more.map((line) => indent + line)].map((line) => line.trimEnd());
  });
}

// Refills paragraphs; indented lines, such as an example, stay as they are.
function flowed(text: string): string {
  const paragraphs = text.split(/\n\s*\n/);
  return paragraphs
    .map((one) => (/^ /m.test(one) ? one : wrap(one.replaceAll('\n', ' '), 80).join('\n')))
    .join('\n\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
