// The kill matrix of a queue in Redis in small: whatever happens to Redis or the service, a target is as
// before or done, the job tells it, and no job is lost. All faults at many points: npm run service-faults.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findMissingRedis } from '../servers/redis.ts';
import { anyServer } from '../servers/running.ts';
import { findFault } from './matrix/faults.ts';
import { auditJobs, openStage, type Stage } from './matrix/stage.ts';
import { attempt } from './matrix/trial.ts';

const missing = findMissingRedis();
const patience = 240_000;

let stage: Stage;

beforeAll(async () => {
  if (missing !== null) return;
  const server = anyServer();
  stage = await openStage({ queue: 'redis', servers: { source: server, target: server } });
}, patience);
afterAll(() => stage?.close(), patience);

// None of them waits for the end of a lease.
for (const { kind, subject, name } of [
  { kind: 'clone', subject: 'service', name: 'killed' },
  { kind: 'data', subject: 'queue', name: 'killed and started empty' },
] as const)
  test(
    `a job of kind ${kind}, and the ${subject} is ${name}`,
    async ({ skip }) => {
      skip(missing !== null, `${missing}`);
      const fault = findFault('redis', subject, name);
      expect((await attempt(stage, { kind, fault, delay: 300 })).state).toBe('done');
      expect(await auditJobs(stage)).toEqual([]);
    },
    patience,
  );
