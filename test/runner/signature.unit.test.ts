// Tasks are read from the text of their file: names, doc comments, options.
import { expect, test } from 'vitest';
import { Problem } from '../../lib/problem/problem.ts';
import { readFirstSentence } from '../../lib/runner/comment.ts';
import { readTasks } from '../../lib/runner/signature.ts';

async function one(text: string) {
  const [task] = await readTasks('tasks/a.ts', text);
  return task;
}

test('every exported function is a task, whatever way it is exported', async () => {
  const text = `
    export function first(context: Context) {}
    export async function second() {}
    export const third = async (context: Context) => {};
    export const fourth = function () {};
    function fifth() {}
    const sixth = () => {};
    export { fifth, sixth as renamed };
    export default function () {}
    export const number = 1;
    export type T = string;
    function hidden() {}
    export { elsewhere } from './b.ts';`;
  const names = (await readTasks('tasks/a.ts', text)).map(({ name }) => name);
  expect(names).toEqual(['a:first', 'a:second', 'a:third', 'a:fourth', 'a:fifth', 'a:renamed', 'a']);
});

test('the first sentence of the doc comment is the summary, the whole of it the description', async () => {
  const task = await one(`
    // a header
    /** not this one */
    /**
     * Copies schema.sql, e.g. to a server, and
     * says so. Then it stops.
     *
     * More of it.
     * @param to where to
     */
    export async function copy(context: Context, to: string) {}`);
  expect(task?.summary).toBe('Copies schema.sql, e.g. to a server, and says so');
  expect(task?.description).toBe(
    'Copies schema.sql, e.g. to a server, and\nsays so. Then it stops.\n\nMore of it.',
  );
  expect(task?.positionals).toEqual([
    { name: 'to', value: { type: 'string' }, required: true, help: 'where to' },
  ]);
});

test.each([
  ['One. Two.', 'One'],
  ['Really? Yes.', 'Really?'],
  ['no end', 'no end'],
  ['First line\n\nsecond paragraph', 'First line'],
  ['', ''],
])('the first sentence of %j is %j', (doc, sentence) => {
  expect(readFirstSentence(doc)).toBe(sentence);
});

test('options are the members of the last parameter, their doc comments the help', async () => {
  const task = await one(`
    type Mode = 'fast' | 'slow';
    interface Base { verbose?: boolean }
    export interface Options extends Base {
      /** Exit 2
       * on drift */
      check?: boolean;
      name: string;
      many?: readonly string[];
      counts?: Array<number>;
      port?: number | undefined;
      mode?: Mode;
      level?: 1 | 2;
    }
    export function run(context: Context, options: Options = { name: '' }) {}`);
  expect(task?.takesOptions).toBe(true);
  expect(task?.options).toEqual([
    { name: 'verbose', value: { type: 'boolean' }, required: false, help: '' },
    { name: 'check', value: { type: 'boolean' }, required: false, help: 'Exit 2 on drift' },
    { name: 'name', value: { type: 'string' }, required: true, help: '' },
    { name: 'many', value: { type: 'list', of: { type: 'string' } }, required: false, help: '' },
    { name: 'counts', value: { type: 'list', of: { type: 'number' } }, required: false, help: '' },
    { name: 'port', value: { type: 'number' }, required: false, help: '' },
    { name: 'mode', value: { type: 'choice', choices: ['fast', 'slow'] }, required: false, help: '' },
    { name: 'level', value: { type: 'choice', choices: [1, 2] }, required: false, help: '' },
  ]);
});

test('options can be a literal, an intersection, and destructured', async () => {
  const task = await one(`
    type More = { dry?: boolean };
    export const run = async (context: Context, { env = 'x', dry }: { env?: string } & More = {}) => {};`);
  expect(task?.options.map(({ name }) => name)).toEqual(['env', 'dry']);
});

test('positional arguments have types too, may have defaults, and the last can take the rest', async () => {
  const task = await one(`export function f(c: C, a: number, b?: string, d = 3, ...files: string[]) {}`);
  expect(task?.positionals.map(({ name, value, required }) => [name, value.type, required])).toEqual([
    ['a', 'number', true],
    ['b', 'string', false],
    ['d', 'number', false],
    ['files', 'list', false],
  ]);
  expect(task?.takesOptions).toBe(false);
});

test.each([
  ['export function f(c: C, o: { when?: Date }) {}', /the type Date, but .* booleans, strings/],
  ['export function f(c: C, a: Unknown) {}', /the type Unknown, but .* booleans, strings/],
  ['export function f(c: C, { a }) {}', /no type/],
  ['export function f(c: C, a) {}', /has no type/],
  ['export function f( {', /expected|unexpected/i],
])('what no command line can express is a problem with its place: %s', async (text, reason) => {
  const problem = await readTasks('tasks/a.ts', text).catch((thrown: unknown) => thrown);
  expect(problem).toBeInstanceOf(Problem);
  const { code, message, where } = problem as Problem;
  expect(code).toBe('bad_task_file');
  expect(message).toMatch(reason);
  expect(where).toMatchObject({ file: 'tasks/a.ts', line: 1, text });
});
