// The README shows a task that compiles: the text of readme-task.ts, which the compiler reads with the tests.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the README shows the task of readme-task.ts', () => {
  const task = readFileSync(join(import.meta.dirname, 'readme-task.ts'), 'utf8');
  const [, ...lines] = task.replace("'../../lib/index.ts'", "'pgmage'").split('\n');
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  expect(readme).toContain(['```ts', '// tasks/release.ts', ...lines].join('\n'));
});
