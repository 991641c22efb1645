// The embedded database of a project, which one command at a time uses.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { push } from '../../lib/commands/push.ts';
import { status } from '../../lib/commands/status.ts';
import { freshCache } from './cache.ts';
import { project } from './project.ts';

let cache: string;
beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true };

test('commands at once on the embedded database wait for one another', async () => {
  const lines: string[] = [];
  const own = project(null, cache, () => ({ progress: (line: string) => void lines.push(line) }));
  own.want('create table t (a int);');
  const [pushed, ...looks] = await Promise.all([
    push(own.context, yes, undefined),
    status(own.context),
    status(own.context),
  ]);
  expect(pushed.done).toBe(true);
  expect(looks).toHaveLength(2);
  expect((await status(own.context)).inSync).toBe(true);
  const waits = lines.filter((line) => line.startsWith('Waiting for process'));
  expect(waits.length).toBeGreaterThan(0);
  for (const line of waits)
    expect(line).toBe(`Waiting for process ${process.pid}, which uses the embedded database in database`);
  own.drop();
});
