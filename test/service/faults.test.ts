// The kill matrix in small: whatever happens while a job runs, its target is as before or done, and its state
// true. All faults at many points of each kind of job, during COMMIT, and cancels: npm run service-faults.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLine, urlBy } from '../servers/line.ts';
import { anyServer } from '../servers/running.ts';
import { withHangingCommit } from './hanging-commit.ts';
import { cancelAt } from './matrix/cancel.ts';
import { digestOf, resetTarget } from './matrix/content.ts';
import { findFault } from './matrix/faults.ts';
import { openStage, processesOf, type Stage } from './matrix/stage.ts';
import { attempt, hangAfter } from './matrix/trial.ts';
import { startService } from './scene.ts';

const patience = 240_000;

let stage: Stage;

beforeAll(async () => {
  const server = anyServer();
  stage = await openStage({ queue: 'embedded', servers: { source: server, target: server } });
}, patience);
afterAll(() => stage?.close());

// Half of the rows: the source has 5 MB of them. Nothing can be committed then.
const halfway = 2_500_000;

test.each([
  { kind: 'export', subject: 'service', name: 'killed', line: 'source', end: { state: 'done', tries: 2 } },
  { kind: 'clone', subject: 'process', name: 'killed', line: 'source', end: { state: 'failed', tries: 1 } },
  // Its process tries again itself.
  { kind: 'import', subject: 'target', name: 'cut', line: 'target', end: { state: 'done', tries: 1 } },
] as const)(
  'a job of kind $kind, and the $subject is $name halfway',
  async ({ kind, subject, name, line, end }) => {
    const fault = findFault('embedded', subject, name);
    const hang = hangAfter(stage.lines[line], halfway);
    expect(await attempt(stage, { kind, fault, delay: 0, hang })).toMatchObject(end);
  },
  patience,
);

test(
  'a data sync is cancelled at once, and leaves its target unchanged',
  async () => {
    expect((await cancelAt(stage, 'data', 1_000)).state).toBe('cancelled');
  },
  patience,
);

test(
  'an import whose COMMIT was not answered is lost while its server is away, and is done once it says so',
  async () => {
    await withHangingCommit(anyServer().major, async ({ server, target: other, ...commits }) => {
      const { source } = stage;
      const line = await openLine(server.port);
      const environments = { source: source.url, target: urlBy(line, other.url) };
      const hanging = await startService({ environments });
      try {
        await commits.release();
        const to = { to: 'target', force: true, confirm: 'target' };
        const files: string[] = [];
        for (const format of ['native', 'plain']) {
          const { result } = await hanging.run('export', { database: 'source', format, keep: true });
          files.push((result as { readonly file: string }).file);
        }
        const [file, script] = files;
        for (const body of [
          { file, ...to },
          { file: script, withoutManifest: true, ...to },
        ]) {
          await resetTarget(other);
          await commits.hang();
          const id = await hanging.add('import', body);
          await commits.untilHanging();
          line.cut();
          const away = await hanging.until(id, ({ state }) => state !== 'running');
          expect(away).toMatchObject({ state: 'lost', problem: null, endedAt: null });
          await commits.release();
          line.mend();
          const job = await hanging.until(id, undefined, 45_000);
          expect(job).toMatchObject({ state: 'done', target: 'changed', tries: 1, problem: null });
          expect(await digestOf(other)).toBe(await digestOf(source));
        }
      } finally {
        await hanging.remove();
        line.close();
      }
    });
  },
  patience,
);

test(
  'a process that is killed during COMMIT leaves a job whose end the server tells',
  async () => {
    await withHangingCommit(anyServer().major, async ({ target: other, untilHanging, release }) => {
      const { source } = stage;
      const hanging = await startService({ environments: { source: source.url, target: other.url } });
      try {
        const body = { from: 'source', to: 'target', force: true, confirm: 'target' };
        const id = await hanging.add('clone', body);
        await untilHanging();
        // A cancel comes too late now.
        await hanging.request('POST', `/api/jobs/${id}/cancel`);
        for (const pid of processesOf(hanging)) process.kill(pid, 'SIGKILL');
        await setTimeout(1_000);
        expect((await hanging.job(id)).state).toMatch(/^(lost|cancelling)$/);
        await release();
        const job = await hanging.until(id, undefined, 45_000);
        expect(job).toMatchObject({ state: 'done', target: 'changed', cancelTooLate: true, result: null });
        expect(await digestOf(other)).toBe(await digestOf(source));
      } finally {
        await hanging.remove();
      }
    });
  },
  patience,
);
