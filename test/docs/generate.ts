// The generated parts of the documents: options of tasks, the table of commands, errors.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../../lib/kinds/index.ts';
import { schemaRules } from '../../lib/kinds/schema-rules.ts';
import { statementRules } from '../../lib/lint/rules.ts';
import { messages } from '../../lib/problem/messages.ts';
import { readTasks } from '../../lib/runner/signature.ts';
import { type Task, type TaskParameter, toFlag, type ValueType } from '../../lib/runner/task.ts';
import { cases } from '../lint/squawk-cases.ts';
import { differences } from '../lint/squawk-differences.ts';
import { pages, read, repository, withParts } from './markdown.ts';
import { schemaFile, schemasText } from './schemas.ts';

/** Every built-in task, in the order of its file. */
export async function builtInTasks(): Promise<Task[]> {
  const files = readdirSync(join(repository, 'tasks')).filter((file) => file.endsWith('.ts'));
  const order = ['init', 'db', 'db.push', 'db.review', 'db.generated', 'db.clone', 'db.backup', 'data'];
  const rank = (file: string) => (order.indexOf(file.slice(0, -3)) + order.length) % (order.length + 1);
  const sorted = files.sort((left, right) => rank(left) - rank(right) || (left < right ? -1 : 1));
  const found = sorted.map((file) => readTasks(`tasks/${file}`, read(`tasks/${file}`)));
  return (await Promise.all(found)).flat();
}

/** The path of the page of a task. */
export function pageOf(task: string): string {
  return `docs/commands/${task.replaceAll(':', '-')}.md`;
}

/** Every document that has a generated part, with its text as it must be. A task without a page gets one. */
export async function generated(): Promise<Map<string, string>> {
  const tasks = await builtInTasks();
  const common = {
    errors: errorsText(),
    commands: tableText(tasks, ''),
    kinds: await kindsText(),
    reports: schemasText(),
    rules: rulesText(),
    squawk: squawkText(),
    differences: differencesText(),
  };
  const found = new Map<string, string>();
  for (const path of ['README.md', ...pages()].filter((page) => read(page).includes('<!-- begin: ')))
    found.set(path, withParts(read(path), common));
  const commands = tableText(tasks, 'docs/commands/');
  found.set('README.md', withParts(read('README.md'), { ...common, commands }));
  for (const task of tasks) {
    const path = pageOf(task.name);
    const text = existsSync(join(repository, path)) ? read(path) : emptyPage(task.name);
    found.set(path, withParts(text, { task: taskText(task) }));
  }
  found.set('docs/reference/json-schema.json', schemaFile());
  return found;
}

// The ready rules, with the level that each has without configuration.
function rulesText(): string {
  const rows = [...statementRules, ...schemaRules].map(
    ({ name, level, flags, hint }) => `| \`${name}\` | ${level} | ${escaped(flags)} | ${escaped(hint)} |`,
  );
  const head = ['| rule | level | flags | instead |', '|---|---|---|---|'];
  return [...head, ...rows].join('\n');
}

// The rules of squawk, each of which has a case, and the rules here.
function squawkText(): string {
  const levels = new Map(statementRules.map(({ name, level }) => [name, level]));
  const names = [...new Set(cases.map(({ squawk }) => squawk))].sort();
  const rows = names.map((name) => {
    const ours = [...new Set(cases.filter(({ squawk }) => squawk === name).map((one) => one.ours))];
    const here = ours.map((one) => `\`${one}\`${levels.get(one) === 'allow' ? ' (off)' : ''}`);
    return `| \`${name}\` | ${here.join(', ')} |`;
  });
  return ['| rule of squawk | here |', '|---|---|', ...rows].join('\n');
}

function differencesText(): string {
  const rows = differences.map(({ flags, why }) => `| ${flags} | ${why} |`);
  return ['| squawk flags | why pgmage does not |', '|---|---|', ...rows].join('\n');
}

function emptyPage(task: string): string {
  return `# \`${task}\`\n\n<!-- begin: task -->\n<!-- end: task -->\n`;
}

// By the folders of lib/kinds.
async function kindsText(): Promise<string> {
  const folder = join(repository, 'lib/kinds');
  const families = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const lines = families.map(async ({ name }) => {
    const files = readdirSync(join(folder, name)).sort();
    const modules = await Promise.all(files.map((file) => import(join(folder, name, file))));
    const values = modules.flatMap((module) => Object.values(module) as { name?: string }[]);
    const own = values.filter((value) => value !== undefined && kinds.get(value.name ?? '') === value);
    return `- ${name.replaceAll('-', ' ')}: ${own
      .map((kind) => `\`${kind.name}\``)
      .sort()
      .join(', ')}`;
  });
  return (await Promise.all(lines)).sort().join('\n');
}

function tableText(tasks: readonly Task[], folder: string): string {
  const link = ({ name }: Task) => `[\`${name}\`](${folder}${name.replaceAll(':', '-')}.md)`;
  const rows = tasks.map((task) => `| ${link(task)} | ${escaped(task.summary)} |`);
  return ['| command | |', '|---|---|', ...rows].join('\n');
}

function taskText(task: Task): string {
  const usage = [
    `npx pgmage ${task.name}`,
    ...task.positionals.map(place),
    ...task.options.filter(({ required }) => required).map((one) => signature(one)),
    ...(task.options.length > 0 ? ['[options]'] : []),
  ];
  const description = task.description.split(/\n\s*\n/).map((one) => one.replaceAll(/\s*\n\s*/g, ' '));
  return [
    ...description.flatMap((one) => [escaped(one), '']),
    '```sh',
    usage.join(' '),
    '```',
    ...tableOf('argument', task.positionals, ({ name }) => name),
    ...tableOf('option', task.options, signature),
    '',
    'Every command also takes `--json`, `--verbose`, `--no-color`, `--color` and `--help`.',
  ].join('\n');
}

function tableOf(
  title: string,
  all: readonly TaskParameter[],
  name: (one: TaskParameter) => string,
): string[] {
  if (all.length === 0) return [];
  const rows = all.map((one) => {
    const notes = [
      ...(one.value.type === 'list' ? ['repeatable'] : []),
      ...(one.required ? ['required'] : []),
    ];
    const help = one.help.replaceAll(/\s*\n\s*/g, ' ').replace(/\s*Can be given more than once\.$/, '');
    return `| \`${name(one).replaceAll('|', '\\|')}\` | ${escaped(help)}${notes.map((note) => ` (${note})`).join('')} |`;
  });
  return ['', `| ${title} | |`, '|---|---|', ...rows];
}

function place({ name, required, value }: TaskParameter): string {
  const shown = value.type === 'list' ? `${name}…` : name;
  return required ? `<${shown}>` : `[${shown}]`;
}

function signature({ name, value }: TaskParameter): string {
  return value.type === 'boolean' ? toFlag(name) : `${toFlag(name)} ${placeholder(name, value)}`;
}

function placeholder(name: string, value: ValueType): string {
  if (value.type === 'list') return placeholder(name, value.of);
  if (value.type === 'choice') return value.choices.join('|');
  const called = ('name' in value && value.name) || (value.type === 'number' ? 'N' : name);
  return called.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

// Text of a doc comment as Markdown: names with signs that Markdown reads become code.
function escaped(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part, index) => (index % 2 === 1 ? part : coded(part)))
    .join('')
    .replaceAll('|', '\\|');
}

const signs = [
  /--[a-z][a-z-]*(?: (?=[A-Z]{3,})[A-Z]+)?/,
  /[\w.]+\.\*/,
  /[\w.]+=[\w@]+(?:\.\w+)*/,
  /(?:db|data):[a-z]+(?: prune)?/,
  /postgres:\/\//,
  /schema\.sql/,
  /pgmage\.\w+\.ts/,
];

function coded(text: string): string {
  const sign = new RegExp(`(?<![\\w\`./-])(${signs.map(({ source }) => source).join('|')})`, 'g');
  return text.replace(sign, '`$1`').replace(/<(?=\w)/g, '\\<');
}

const session = {
  pid: '<pid>',
  applicationName: '<application>',
  role: '<role>',
  state: '<state>',
  queryStart: '<time>',
};
const special = {
  hint: null,
  invalid: [],
  halfWay: undefined,
  holders: [session],
  list: undefined,
  writer: undefined,
  near: [],
  tenants: undefined,
  lacks: undefined,
  way: undefined,
  repair: undefined,
  premade: [],
  // A number in sums: 3 s.
  waited: 3000,
};

/** The data of every problem with names instead of values: `<environment>`. */
export const placeholders = new Proxy(
  {},
  { get: (_, key) => (key in special ? special[key as keyof typeof special] : [`<${String(key)}>`]) },
) as never;

function errorsText(): string {
  const sections = Object.entries(messages).map(([code, { words, hint, exitCode, status }]) => {
    const hinted = hint(placeholders) || '';
    const text = [words(placeholders), ...(hinted === '' ? [] : [`Hint: ${hinted}`])];
    return [
      `### ${code}`,
      '',
      `Exit code ${exitCode}, HTTP status ${status}.`,
      '',
      '```',
      ...text,
      '```',
    ].join('\n');
  });
  return sections.join('\n\n');
}
