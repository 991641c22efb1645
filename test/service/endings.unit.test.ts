// The end of a job is what is true of its target, whatever its process told.
import { expect, test } from 'vitest';
import type { WorkEnding } from '../../lib/service/child.ts';
import { delayOf, judgeEnding, judgeLost } from '../../lib/service/endings.ts';
import type { LostJob } from '../../lib/service/jobs.ts';

const killed: WorkEnding = { exitCode: null, signal: 'SIGKILL', failure: null, result: null, problem: null };
const finished: WorkEnding = { ...killed, exitCode: 0, signal: null, result: { value: { rows: 3 } } };
const cancelled: WorkEnding = { ...killed, exitCode: 143, signal: null };
const failed = (code: string): WorkEnding => ({ ...killed, exitCode: 1, signal: null, problem: { code } });
const clone = { kind: 'clone', tries: 1, isCancelled: false, commit: null } as const;
const lost: LostJob = {
  id: 'x',
  kind: 'clone',
  to: 'staging',
  tries: 1,
  retryLost: false,
  cancelAsked: false,
  commitXid: null,
};

test('a job that finished is done; a cancel that came with it was too late', () => {
  expect(judgeEnding({ ...clone, ending: finished, commit: 'committed' })).toMatchObject({
    state: 'done',
    target: 'changed',
    cancelTooLate: false,
  });
  expect(judgeEnding({ ...clone, ending: finished, isCancelled: true, commit: 'committed' })).toMatchObject({
    state: 'done',
    cancelTooLate: true,
  });
  expect(judgeEnding({ ...clone, kind: 'export', ending: finished })).toMatchObject({ target: null });
});

test('a cancel ends a job as cancelled, unless its COMMIT was done', () => {
  const asked = { ...clone, ending: cancelled, isCancelled: true };
  expect(judgeEnding(asked)).toMatchObject({ state: 'cancelled', target: 'unchanged' });
  expect(judgeEnding({ ...asked, commit: 'aborted' })).toMatchObject({
    state: 'cancelled',
    target: 'unchanged',
  });
  expect(judgeEnding({ ...asked, commit: 'committed' })).toMatchObject({ state: 'done', target: 'changed' });
  // Nothing is known yet: the service looks again.
  expect(judgeEnding({ ...asked, commit: 'unreachable' })).toMatchObject({ is: 'lost' });
});

test('a failure that may pass is tried once more, never after a COMMIT', () => {
  const ending = failed('connection_lost');
  expect(judgeEnding({ ...clone, ending })).toMatchObject({ is: 'again', seconds: 10 });
  expect(judgeEnding({ ...clone, ending, tries: 2 })).toMatchObject({ state: 'failed', target: 'unchanged' });
  // Its process did not hear the answer to COMMIT.
  const late = { state: 'done', target: 'changed', result: null, cancelTooLate: false };
  expect(judgeEnding({ ...clone, ending, commit: 'committed' })).toMatchObject(late);
  expect(judgeEnding({ ...clone, ending: failed('clone_refused'), commit: 'committed' })).toMatchObject({
    state: 'failed',
    target: 'changed',
  });
  expect(judgeEnding({ ...clone, ending, commit: 'unreachable' })).toMatchObject({ is: 'lost' });
  expect(judgeEnding({ ...clone, ending, commit: 'unknown' })).toMatchObject({ target: 'unknown' });
  expect(judgeEnding({ ...clone, ending: failed('clone_refused') })).toMatchObject({ state: 'failed' });
  expect([1, 2, 3].map(delayOf)).toEqual([10, 20, 40]);
});

test('a job that its worker gave back before it began is tried again, whatever it changes', () => {
  const unbegun = { ...killed, signal: null, failure: 'given back', isUnbegun: true };
  for (const tries of [1, 2])
    expect(judgeEnding({ ...clone, tries, ending: unbegun })).toEqual({
      ...{ is: 'again', why: 'unbegun', seconds: 0 },
    });
  const cancel = { ...clone, isCancelled: true, ending: unbegun, commit: null };
  expect(judgeEnding(cancel)).toMatchObject({ state: 'cancelled', target: 'unchanged' });
  // A worker that asked for a COMMIT has begun.
  expect(judgeEnding({ ...clone, ending: unbegun, commit: 'aborted' })).toMatchObject({ is: 'lost' });
});

test('a process that told nothing leaves a lost job', () => {
  expect(judgeEnding({ ...clone, ending: killed })).toEqual({
    is: 'lost',
    reason: 'it was ended by SIGKILL',
  });
});

test('a lost job that writes is done or failed, as its server says, and waits while that is unknown', () => {
  expect(judgeLost(lost, null, 'x')).toMatchObject({ state: 'failed', target: 'unchanged' });
  expect(judgeLost(lost, 'aborted', 'x')).toMatchObject({ state: 'failed', target: 'unchanged' });
  expect(judgeLost(lost, 'committed', 'x')).toMatchObject({ state: 'done', target: 'changed' });
  expect(judgeLost(lost, 'unknown', 'x')).toMatchObject({ state: 'failed', target: 'unknown' });
  expect(judgeLost(lost, 'unreachable', 'x')).toBeNull();
  expect(judgeLost({ ...lost, cancelAsked: true }, null, 'x')).toMatchObject({ state: 'cancelled' });
  expect(judgeLost({ ...lost, cancelAsked: true }, 'committed', 'x')).toMatchObject({ cancelTooLate: true });
});

test('a lost job that reads runs once more, and one that writes only where that is wanted', () => {
  const reading = { ...lost, kind: 'export', to: null } as const;
  expect(judgeLost(reading, null, 'x')).toMatchObject({ is: 'again' });
  expect(judgeLost({ ...reading, tries: 2 }, null, 'x')).toMatchObject({ state: 'failed', target: null });
  expect(judgeLost({ ...lost, retryLost: true }, null, 'x')).toMatchObject({ is: 'again' });
  expect(judgeLost({ ...lost, retryLost: true }, 'unknown', 'x')).toMatchObject({ state: 'failed' });
});
