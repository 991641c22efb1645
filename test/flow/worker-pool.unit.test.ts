// Sessions that share work: what waits, what excludes, what is tried again alone, and what fails.
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type Job, runJobs } from '../../lib/flow/worker-pool.ts';
import { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';

const sessions = ['a', 'b', 'c'];

/** Does jobs and tells what began and ended, in order. */
async function course(jobs: readonly (Omit<Job<string>, 'does'> & { fails?: (at: number) => void })[]) {
  const log: string[] = [];
  let tries = 0;
  await runJobs(
    sessions,
    jobs.map((job, at) => ({
      ...job,
      does: async () => {
        log.push(`+${at}`);
        await setTimeout(5);
        job.fails?.(tries++);
        log.push(`-${at}`);
      },
    })),
  );
  return log;
}

test('all run beside each other, the heaviest first', async () => {
  expect(await course([{ weight: 1 }, { weight: 3 }, { weight: 2 }])).toEqual([
    '+1',
    '+2',
    '+0',
    '-1',
    '-2',
    '-0',
  ]);
  expect(await course([])).toEqual([]);
});

test('what waits begins when that is done', async () => {
  expect(await course([{}, { waits: [0], weight: 9 }, { waits: [1] }])).toEqual([
    '+0',
    '-0',
    '+1',
    '-1',
    '+2',
    '-2',
  ]);
});

test('nobody is on the ground of one who wants it alone', async () => {
  const [ground, other] = [new Set(['t']), new Set(['u'])];
  expect(await course([{ ground }, { ground, alone: true }, { ground: other, alone: true }])).toEqual([
    '+0',
    '+2',
    '-0',
    '+1',
    '-2',
    '-1',
  ]);
});

const refused = (sqlstate: string) =>
  new Problem('statement_failed', {
    ...{
      environment: null,
      message: 'refused',
      sqlstate,
      detail: null,
      hint: null,
      context: null,
      position: null,
    },
  });

test('a deadlock is tried again when nobody else is at work', async () => {
  const fails = (tries: number) => {
    if (tries < 2) throw refused('40P01');
  };
  const log = await course([{ fails }, { fails }, {}]);
  expect(log.slice(0, 4)).toEqual(['+0', '+1', '+2', '-2']);
  expect(log.slice(4)).toEqual(['+0', '-0', '+1', '-1']);
});

test('anything else ends it, and so does a second deadlock', async () => {
  for (const sqlstate of ['23503', '40P01']) {
    const done = course([
      {
        fails: () => {
          throw refused(sqlstate);
        },
      },
      { waits: [0] },
    ]);
    expect((await failure(done)).data).toMatchObject({ sqlstate });
  }
  expect((await failure(course([{ waits: [1] }, { waits: [0] }]))).code).toBe('internal');
});
