// What may pass is tried again after 5, 10 and 20 seconds, and nothing else is.
import { expect, test } from 'vitest';
import type { Code } from '../../lib/problem/codes.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { withRetries } from '../../lib/project/retry.ts';
import { failure } from '../failure.ts';

const problem = (code: Code) =>
  new Problem(code, { environment: 'prod', detail: 'x', lock: 'x', faults: [] } as never);

async function tried(codes: readonly Code[], reached = false) {
  const [waits, told]: [number[], string[]] = [[], []];
  const left = [...codes];
  const context = {
    pause: async (milliseconds: number) => void waits.push(milliseconds),
    progress: (message: string) => void told.push(message),
  };
  const work = withRetries(context, async (retries, isReached) => {
    if (reached) isReached();
    const code = left.shift();
    if (code !== undefined) throw problem(code);
    return retries.map((one) => `${one.code} ${one.waited}`);
  });
  return { work, waits, told };
}

test('three times, with growing pauses, and each is told', async () => {
  const { work, waits, told } = await tried(['connection_lost', 'connection_timeout', 'server_unavailable']);
  expect(await work).toEqual(['connection_lost 5', 'connection_timeout 10', 'server_unavailable 20']);
  expect(waits).toEqual([5000, 10_000, 20_000]);
  expect(told[0]).toMatch(/^Lost the connection to prod.*; try 2 of 4 follows in 5 s$/);
});

test('the fourth failure is the last', async () => {
  const { work } = await tried(['connection_lost', 'connection_lost', 'connection_lost', 'connection_lost']);
  expect((await failure(work)).code).toBe('connection_lost');
});

test('a server that refuses is asked again only once it had let us in', async () => {
  for (const code of ['connection_refused', 'too_many_connections'] as const) {
    const never = await tried([code]);
    expect((await failure(never.work)).code).toBe(code);
    expect(never.waits).toEqual([]);
    expect(await (await tried(['connection_lost', code], true)).work).toEqual([
      'connection_lost 5',
      `${code} 10`,
    ]);
    expect(await (await tried([code], true)).work).toEqual([`${code} 5`]);
  }
});

test.each([
  'wrong_password',
  'host_not_found',
  'missing_database',
  'permission_denied',
  'server_too_old',
  'clone_refused',
  'migration_running',
] as const)('never: %s', async (code) => {
  const { work, waits } = await tried([code]);
  expect((await failure(work)).code).toBe(code);
  expect(waits).toEqual([]);
});

test('the lock of a session that was lost is waited for', async () => {
  const { work } = await tried(['connection_lost', 'migration_running']);
  expect(await work).toEqual(['connection_lost 5', 'migration_running 10']);
});

test('a server that never answered is not asked again', async () => {
  const { work, waits } = await tried(['connection_timeout']);
  await expect(work).rejects.toMatchObject({ code: 'connection_timeout' });
  expect(waits).toEqual([]);
});

const loss = (detail: string, more = {}) =>
  new Problem('connection_lost', { environment: 'prod', detail, ...more });

async function endOf(problems: readonly Problem[], reached: boolean): Promise<Problem> {
  const left = [...problems];
  const context = { pause: async () => undefined, progress: () => undefined };
  return failure(
    withRetries(context, async (_, isReached) => {
      if (reached) isReached();
      throw (
        left.shift() ?? new Problem('connection_timeout', { environment: 'prod', detail: 'h:1: no answer' })
      );
    }),
  );
}

test('how a server was lost is told, and not only that it does not answer later', async () => {
  const { code, data } = await endOf([loss('h:1 sent nothing for 60 s')], false);
  expect([code, data]).toEqual([
    'connection_lost',
    { environment: 'prod', detail: 'h:1 sent nothing for 60 s; on try 4: h:1: no answer' },
  ]);
});

test('a server that had let us in and answers no new session is lost', async () => {
  const { code, message, data } = await endOf([], true);
  expect([code, message]).toEqual(['connection_lost', 'Lost the connection to prod']);
  expect(data).toMatchObject({ detail: expect.stringMatching(/that had answered before: h:1: no answer$/) });
});

test('a COMMIT that nobody answered is told to the end', async () => {
  const { hint } = await endOf([loss('x', { unanswered: 'COMMIT' }), loss('y')], false);
  expect(hint).toContain('did not answer COMMIT');
  expect((await endOf([loss('x'), loss('y')], false)).hint).toContain('rolls back the open transaction');
});

test('work whose COMMIT has an unknown outcome is not done again', async () => {
  const unknown = { unanswered: 'COMMIT', outcome: 'unknown' } as const;
  const { hint, data } = await endOf([loss('x', unknown), loss('y')], true);
  expect(data).toMatchObject({ detail: 'x' });
  expect(hint).toContain('look at the database before you run it again');
});
