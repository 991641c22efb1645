// The start of the service, and its keys: refusals with their exit codes, and the end of --once.
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeProject, type Project } from '../program/project.ts';
import { freePort } from '../servers/server.ts';

let project: Project;

beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project?.remove());

test('--once ends when no job is left', async () => {
  const run = await project.pgmage(`serve --once --port ${await freePort()}`);
  expect([run.code, run.log]).toEqual([0, '']);
  expect(run.out).toMatch(/is ready[\s\S]*no API key yet: run npx pgmage serve:key add[\s\S]*has stopped/);
});

test('a second service on the same folder is refused', async () => {
  const first = project.pgmage(`serve --once --port ${await freePort()}`);
  const second = project.pgmage(`serve --once --port ${await freePort()}`);
  const codes = [(await first).code, (await second).code].sort();
  expect(codes).toEqual([0, 1]);
  expect((await first).log + (await second).log).toContain('Another pgmage serve uses');
});

test('settings that cannot be are refused', async () => {
  const port = await freePort();
  const refused = await project.pgmage(`serve --once --host 0.0.0.0 --port ${port}`);
  expect([refused.code, refused.log]).toEqual([64, expect.stringContaining('0.0.0.0 is not loopback')]);
  const queue = await project.pgmage('serve --once --queue file:///tmp/queue');
  expect([queue.code, queue.log]).toEqual([64, expect.stringContaining('a postgres:// or redis:// URL')]);
  const worker = await project.pgmage('serve:worker');
  expect([worker.code, worker.log]).toEqual([64, expect.stringContaining('needs a shared queue')]);
  for (const [name, value] of Object.entries({
    PGMAGE_PORT: 'x',
    PGMAGE_FEATURES: 'drop',
    LOG_LEVEL: 'loud',
  })) {
    const run = await project.pgmage('serve --once', { variables: { [name]: value } });
    expect([name, run.code, run.log]).toEqual([name, 64, expect.stringContaining(name)]);
  }
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port: taken } = busy.address() as AddressInfo;
  const second = await project.pgmage(`serve --once --port ${taken}`);
  busy.close();
  expect([second.code, second.log]).toEqual([
    64,
    expect.stringContaining(`Bad option --port: another program listens on port ${taken} of 127.0.0.1`),
  ]);
  const closed = await project.pgmage('serve --once --queue postgres://app:hunter2@127.0.0.1:1/queue');
  expect(closed.code).toBe(1);
});

test('a key is shown once, and its file has only its hash', async () => {
  const added = await project.pgmage('serve:key add laptop --scope read,run --to staging --days 3');
  const [key = ''] = added.out.split('\n');
  expect(key).toMatch(/^pgm_[0-9a-f]{8}_[\w-]{43}$/);
  const file = join(project.root, '.pgmage/service/keys.json');
  expect(readFileSync(file, 'utf8')).not.toContain(key.slice(13));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const listed = await project.pgmage('serve:key');
  expect(listed.out).toMatch(/^laptop: read, run; only to staging; until \d{4}-/);
  expect(listed.out).not.toContain(key.slice(13));
  expect((await project.pgmage('serve:key add laptop')).log).toContain('there is a key laptop already');
  expect((await project.pgmage('serve:key add other --scope all')).code).toBe(64);
  expect((await project.pgmage('serve:key revoke laptop')).out).toBe('No API keys.\n');
  expect((await project.pgmage('serve:key revoke laptop')).code).toBe(64);
});
