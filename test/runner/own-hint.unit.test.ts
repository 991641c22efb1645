// Hints advise only options that the task has.
import { expect, test } from 'vitest';
import { Problem } from '../../lib/problem/problem.ts';
import { fitOptions, fitToTask } from '../../lib/runner/own-hint.ts';
import type { Task } from '../../lib/runner/task.ts';

const taskOf = (name: string, ...options: string[]): Task => ({
  name,
  file: 'db.ts',
  export: name,
  summary: '',
  description: '',
  positionals: [],
  options: options.map((option) => ({
    name: option,
    value: { type: 'boolean' },
    required: false,
    help: '',
  })),
  takesOptions: true,
});

const push = taskOf('db:push', 'env', 'rename');
const sync = taskOf('db:sync', 'env', 'rename', 'confirm', 'lockTimeout');
const all = [push, sync];

test('sentences with options that the task lacks are left out, but not the whole hint', () => {
  const cases = [
    ['Nothing was changed. To write to it, add --confirm prod.', 'Nothing was changed.'],
    ['Wait. A longer --lock-timeout blocks other sessions longer.', 'Wait.'],
    ['Run db:sync --confirm prod. Or run npm install --save-dev x.', null],
    ['Pass --env prod. Pass --rename a=b.', null],
    ['Pass --confirm prod.', null],
  ] as const;
  for (const [hint, fit] of cases) {
    expect(fitOptions(hint, push, all)).toBe(fit ?? hint);
    expect(fitOptions(hint, sync, all)).toBe(hint);
  }
});

test('a failure gets the hint of its task, and of one of the project the whole', () => {
  const problem = () => new Problem('protected_target', { environment: 'prod', alias: 'local' });
  const hintOf = (own: boolean) => (fitToTask(problem(), { ...push, own }, all) as Problem).hint;
  expect(hintOf(true)).toBe('Nothing was changed.');
  expect(hintOf(false)).toContain('--confirm prod');
  const bad = new Problem('bad_option', { option: '--x', reason: 'y' });
  expect(fitToTask(bad, { ...push, own: true }, all)).toMatchObject({ data: { task: 'db:push' } });
  expect(fitToTask('text', { ...push, own: true }, all)).toBe('text');
});
