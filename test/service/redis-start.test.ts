// Starts on a Redis that does not fit are refused, and name the reason.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from '../program/project.ts';
import { findMissingRedis, startRedis } from '../servers/redis.ts';
import { freePort } from '../servers/server.ts';

const missing = findMissingRedis();
const patience = 240_000;

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project?.remove());

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
    const redis = await startRedis();
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
      for (const one of [evicting, redis]) await one.remove();
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
