// A service and its workers on one Redis: jobs spread, are cancelled and survive an empty Redis, no secret is
// in Redis, and starts are refused with a reason. Faults in the middle of jobs: redis-faults.test.ts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from '../program/project.ts';
import { findMissingRedis, startRedis } from '../servers/redis.ts';
import { freePort } from '../servers/server.ts';
import { digestOf, resetTarget, startKind } from './fault-trial.ts';
import { openRedisScene, type RedisScene } from './redis-scene.ts';

const missing = findMissingRedis();
const patience = 240_000;

let scene: RedisScene;
let project: Project;

beforeAll(async () => {
  if (missing !== null) return;
  scene = await openRedisScene({ workers: 2 });
  project = await makeProject();
}, patience);
afterAll(async () => {
  await scene?.close();
  await project?.remove();
});

const starts = () => scene.workers.map(({ output }) => output.split('job started').length - 1);

test(
  'jobs spread over two workers, and each is done once',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service } = scene;
    const before = starts();
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await service.add('export', { database, keep, format: 'native' }));
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
    const started = starts().map((count, at) => count - (before[at] as number));
    expect([started.reduce((sum, one) => sum + one), Math.min(...started) > 0]).toEqual([ids.length, true]);
    const events = await service.events(`/api/jobs/${ids[0]}/events`, null);
    expect(events.map(({ id }) => id)).toEqual(events.map((_, at) => at + 1));
    expect(events.map(({ type }) => type)).toContain('line');
    expect(events.at(-1)).toMatchObject({ data: { state: 'done' } });
  },
  patience,
);

test(
  'Redis sees names of environments, and no password',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, redis, source, target } = scene;
    await resetTarget(target);
    const commands: string[] = [];
    await redis.ask(async (client) => {
      const monitor = await client.monitor();
      monitor.on('monitor', (_: string, words: string[]) => commands.push(words.join(' ')));
      const id = await startKind(scene, 'clone');
      expect(await service.until(id)).toMatchObject({ state: 'done', target: 'changed', problem: null });
      monitor.disconnect();
    });
    expect(await digestOf(target)).toBe(await digestOf(source));
    const seen = commands.join('\n') + (await redis.dump());
    expect(seen).toMatch(/"is":"start".*"from":"source"/);
    expect(seen).toContain('"is":"committing"');
    for (const { url } of [source, target]) {
      const { password } = new URL(url);
      expect([password.length > 8, seen.includes(password)]).toEqual([true, false]);
    }
    expect(seen).not.toContain(redis.password);
  },
  patience,
);

test(
  'a cancel reaches a worker and a waiting job at once',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, target } = scene;
    await resetTarget(target);
    const before = await digestOf(target);
    const id = await startKind(scene, 'clone');
    await service.until(id, ({ state }) => state === 'running');
    const second = await service.add('data', {
      from: 'source',
      to: 'target',
      force: true,
      confirm: 'target',
    });
    expect((await service.request('POST', `/api/jobs/${second}/cancel`)).body).toEqual({
      state: 'cancelled',
    });
    await setTimeout(300);
    const start = performance.now();
    await service.request('POST', `/api/jobs/${id}/cancel`);
    expect(await service.until(id)).toMatchObject({ state: 'cancelled', target: 'unchanged' });
    // Two seconds, and as much again on a busy machine.
    expect(performance.now() - start).toBeLessThan(4_000);
    expect(await digestOf(target)).toBe(before);
    expect(scene.workers.map(({ output }) => output.includes(second))).toEqual([false, false]);
  },
  patience,
);

test(
  'jobs that wait or run are done after Redis was emptied',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { service, redis } = scene;
    const ids: string[] = [];
    for (const keep of [false, true])
      for (const database of ['source', 'target'])
        ids.push(await service.add('export', { database, keep, format: 'native' }));
    await service.until(ids[0] as string, ({ state }) => state === 'running');
    await redis.ask((client) => client.flushall());
    for (const id of ids) expect(await service.until(id)).toMatchObject({ state: 'done', tries: 1 });
  },
  patience,
);

test(
  'a second service on the same Redis is refused',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const variables = { PGMAGE_QUEUE_URL: scene.redis.url };
    const run = await project.pgmage(`serve --once --port ${await freePort()}`, { variables });
    expect([run.code, run.log]).toEqual([
      1,
      expect.stringContaining('Another pgmage serve uses Redis at 127.0.0.1'),
    ]);
    expect(run.log).toContain('serve:worker');
  },
  patience,
);

// A start that is refused ends within 15 seconds, whatever Redis does.
async function refused(url: string, word = 'serve:worker'): Promise<string> {
  const start = performance.now();
  const { code, log } = await project.pgmage(word, { variables: { PGMAGE_QUEUE_URL: url } });
  expect([code, performance.now() - start < 20_000]).toEqual([1, true]);
  expect(log).toContain('The queue cannot be used: Redis at 127.0.0.1:');
  expect(log).not.toContain('hunter2');
  return log;
}

test(
  'a start names what is wrong with its Redis',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { redis } = scene;
    const wrong = redis.url.replace(redis.password, 'hunter2');
    expect(await refused(wrong)).toContain('WRONGPASS');
    expect(await refused(`redis://127.0.0.1:${redis.port}`)).toContain('NOAUTH');
    const closed = `redis://:hunter2@127.0.0.1:${await freePort()}`;
    expect(await refused(closed, 'serve --once')).toMatch(/ECONNREFUSED[\s\S]*Hint: .*redis-cli/);
    expect(await refused(redis.url.replace('redis:', 'rediss:'))).toMatch(/SSL|TLS|wrong version|closed/i);
    const evicting = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    try {
      expect(await refused(evicting.url)).toMatch(/may evict keys.*allkeys-lru[\s\S]*noeviction/);
      evicting.freeze();
      expect(await refused(evicting.url)).toContain('no answer within 10 s');
    } finally {
      evicting.thaw();
      await evicting.remove();
    }
    const bad = await project.pgmage('serve:worker', {
      variables: { PGMAGE_QUEUE_URL: 'redis://host/nought' },
    });
    expect([bad.code, bad.log]).toEqual([64, expect.stringContaining('redis://host:6379/0')]);
  },
  patience,
);

test(
  'TLS is checked against the authorities that Node knows',
  async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const folder = mkdtempSync(join(tmpdir(), 'pgmage-tls-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const request = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=redis -addext subjectAltName=IP:127.0.0.1`;
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    const redis = await startRedis([], { key, certificate });
    try {
      expect(await refused(redis.url)).toContain('self-signed certificate');
      const variables = { PGMAGE_QUEUE_URL: redis.url, NODE_EXTRA_CA_CERTS: certificate };
      const run = await project.pgmage(`serve --once --port ${await freePort()}`, { variables });
      expect([run.code, run.log]).toEqual([0, '']);
      expect(run.out).toContain('"queue":"redis"');
    } finally {
      await redis.remove();
      rmSync(folder, { recursive: true });
    }
  },
  patience,
);
