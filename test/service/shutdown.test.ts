// A service that is asked to stop while jobs go on for longer than it waits for them.
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { type Line, openLine, urlBy } from '../servers/line.ts';
import { anyServer } from '../servers/running.ts';
import { digestOf, fillSource, resetTarget } from './matrix/content.ts';
import { type RunningService, startService } from './scene.ts';

let [queue, source, target]: Database[] = [];
let line: Line;
let service: RunningService;

beforeAll(async () => {
  const [first, second, third] = [
    await freshDatabase(anyServer()),
    await freshDatabase(anyServer()),
    await freshDatabase(anyServer()),
  ];
  [queue, source, target] = [first, second, third];
  await fillSource(second);
  // Long enough that neither job is over before the line freezes.
  await rowsOf(second.url, 'insert into users select i, md5(i::text) from generate_series(40001, 600000) i');
  await resetTarget(third);
  line = await openLine(anyServer().port);
  service = await startService({
    environments: { source: urlBy(line, second.url), target: third.url },
    variables: { PGMAGE_QUEUE_URL: first.url },
  });
});
afterAll(async () => {
  await service?.remove();
  line?.close();
  for (const database of [queue, source, target]) await database?.drop();
});

test('jobs that outlast a stop are ended after 25 s: a clone has failed, an export waits', async () => {
  const before = await digestOf(target as Database);
  const clone = await service.add('clone', { from: 'source', to: 'target', force: true, confirm: 'target' });
  const backup = await service.add('export', { database: 'source', format: 'native' });
  for (const id of [clone, backup])
    await service.until(
      id,
      ({ state, doing }) => state === 'running' && /^(Copying|Backing)/.test(doing ?? ''),
    );
  line.freeze();
  const start = performance.now();
  const stopped = service.stop();
  await setTimeout(2_000);
  // It answers meanwhile, and takes no jobs any more.
  expect((await service.request('GET', '/ready', { key: null })).status).toBe(503);
  expect((await service.job(clone)).state).toBe('running');
  expect(await stopped).toBe(0);
  const took = performance.now() - start;
  expect([took > 24_000, took < 35_000]).toEqual([true, true]);
  const states = await rowsOf<{ id: string; state: string }>(
    queue?.url ?? '',
    'select id, state from service.jobs order by number',
  );
  expect(states).toEqual([
    { id: clone, state: 'failed' },
    { id: backup, state: 'waiting' },
  ]);
  const pgmage = `select pid from pg_stat_activity where application_name = 'pgmage' and datname = $$${target?.name}$$`;
  await expect.poll(() => rowsOf(target?.url ?? '', pgmage)).toEqual([]);
  line.mend();
  await service.start();
  expect(await service.job(clone)).toMatchObject({
    target: 'unchanged',
    tries: 1,
    problem: { code: 'job_lost', message: expect.stringContaining('the service was stopped') },
  });
  expect(await service.until(backup)).toMatchObject({ state: 'done', tries: 2 });
  expect(await digestOf(target as Database)).toBe(before);
});
