// A command line becomes calls; what is wrong with it is said with the nearest names.
import { beforeAll, expect, test } from 'vitest';
import { findNearest } from '../../lib/problem/nearest.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { readCommandLine } from '../../lib/runner/arguments.ts';
import { readTasks } from '../../lib/runner/signature.ts';
import type { Task } from '../../lib/runner/task.ts';

let tasks: readonly Task[];

beforeAll(async () => {
  tasks = [
    ...(await readTasks(
      'db.ts',
      `export function status(c: C, o: { check?: boolean; env?: string; dryRun?: boolean }) {}
       export function rollback(c: C, version?: string, o: { yes?: boolean } = {}) {}`,
    )),
    ...(await readTasks(
      'all.ts',
      `export function copy(c: C, from: string, to: string) {}
       export function add(c: C, ...numbers: number[]) {}
       export function pick(c: C, o: { one: 'a' | 'b'; many?: string[]; port?: number }) {}`,
    )),
  ];
});

function calls(...words: string[]) {
  return readCommandLine(words, tasks).calls.map(({ task, args }) => [task.name, ...args]);
}

function problem(...words: string[]): Problem {
  try {
    readCommandLine(words, tasks);
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
  }
  throw new Error(`no problem with ${words.join(' ')}`);
}

test('options are written in kebab case, with their value after a blank or an equals sign', () => {
  expect(calls('db:status', '--check', '--env', 'prod')).toEqual([
    ['db:status', { check: true, env: 'prod' }],
  ]);
  expect(calls('db:status', '--env=a=b', '--dry-run')).toEqual([['db:status', { env: 'a=b', dryRun: true }]]);
  expect(calls('db:status', '--no-check')).toEqual([['db:status', { check: false }]]);
  expect(calls('db:status')).toEqual([['db:status', {}]]);
});

test('several tasks run left to right, each with its own arguments', () => {
  expect(calls('db:status', '--check', 'db:rollback', '3', '--yes', 'all:add', '1', '-2')).toEqual([
    ['db:status', { check: true }],
    ['db:rollback', '3', { yes: true }],
    ['all:add', 1, -2],
  ]);
});

test('a required argument may be called like a task, an optional one is the next task', () => {
  expect(calls('all:copy', 'db:status', 'x')).toEqual([['all:copy', 'db:status', 'x']]);
  expect(calls('db:rollback', 'db:status')).toEqual([
    ['db:rollback', undefined, {}],
    ['db:status', {}],
  ]);
  expect(calls('db:rollback', '--', '--yes')).toEqual([['db:rollback', '--yes', {}]]);
});

test('lists are repeated, choices and numbers are checked', () => {
  expect(calls('all:pick', '--one', 'a', '--many', 'x', '--many', 'y', '--port', '-1')).toEqual([
    ['all:pick', { one: 'a', many: ['x', 'y'], port: -1 }],
  ]);
  expect(problem('all:pick', '--one', 'c').message).toContain('c is not one of a, b');
  expect(problem('all:pick', '--one', 'a', '--port', 'x').message).toContain('x is not a number');
  expect(problem('all:pick').message).toBe('all:pick needs the option --one');
  expect(problem('all:copy', 'a').message).toBe('all:copy needs the argument <to>');
  expect(problem('all:pick', '--one').message).toContain('one of a, b');
  expect(problem('db:status', '--check=maybe').message).toContain('true or false');
});

test('global options are understood anywhere', () => {
  const { globals, named } = readCommandLine(['--json', 'all:copy', '--help', '--no-color'], tasks);
  expect(globals).toEqual({
    help: true,
    list: false,
    version: false,
    json: true,
    verbose: false,
    colour: false,
  });
  expect(named.map(({ name }) => name)).toEqual(['all:copy']);
});

test('unknown words are told with the nearest names and end with 64', () => {
  expect(problem('db:staus')).toMatchObject({
    code: 'unknown_task',
    exitCode: 64,
    hint: 'Did you mean db:status?',
  });
  expect(problem('status').hint).toContain('db:status');
  expect(problem('db:status', 'db:rolback').hint).toContain('db:rollback');
  expect(problem('db:status', '--chek')).toMatchObject({
    code: 'unknown_option',
    exitCode: 64,
    message: 'Unknown option --chek of db:status',
    hint: 'Did you mean --check?',
  });
  expect(problem('db:status', '--zzzzz').hint).toBe('Run pgmage db:status --help to see the options.');
  expect(problem('--lst')).toMatchObject({ message: 'Unknown option --lst', hint: 'Did you mean --list?' });
  expect(problem('db:status', 'extra').message).toContain('takes no such argument');
});

test('names are near when few letters differ', () => {
  expect(findNearest('db:stauts', ['db:status', 'db:sync'])).toEqual(['db:status']);
  expect(findNearest('xyz', ['db:status'])).toEqual([]);
  expect(findNearest('sync', ['db:status', 'db:sync'])).toEqual(['db:sync']);
});
