// A command that found a fault does not end with 0.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Manifest, writeManifest } from '../../lib/flow/manifest.ts';
import { withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { makeProject, type Project } from './project.ts';

// Every run is a process.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let project: Project;

beforeAll(async () => {
  project = await makeProject();
  project.write({ 'package.json': '{}', 'schema.sql': 'CREATE TABLE a (id int);\n' });
});

afterAll(() => project.remove());

test('db:verify ends with 1 where a check fails, and with 2 where --check is given', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const plain = await project.pgmage('db:verify', { url });
    expect(plain.out).toContain('FAIL The migrations do not lead to the wanted schema');
    expect(plain.code).toBe(1);
    expect((await project.pgmage('db:verify --check', { url })).code).toBe(2);
    expect((await project.pgmage('db:verify --format github', { url })).code).toBe(1);
  });
});

test('a backup goes into a folder that did not exist, and so does its log', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const words = 'db:backup --format native --dir far/away --log logs/deep/runs.jsonl';
    const made = await project.pgmage(words, { url });
    expect(made).toMatchObject({ code: 0, log: expect.stringContaining('Created the folder far/away') });
    const folder = join(project.root, 'far/away');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder).map((name) => name.replace(/^.*\./, ''))).toEqual(['json', 'native']);
    const log = readFileSync(join(project.root, 'logs/deep/runs.jsonl'), 'utf8');
    expect(JSON.parse(log)).toMatchObject({ ok: true, verified: 'read' });
    expect(statSync(join(project.root, 'logs/deep/runs.jsonl')).mode & 0o777).toBe(0o600);
    const refused = await project.pgmage('db:backup --log package.json/runs.jsonl', { url });
    expect(refused).toMatchObject({
      code: 1,
      log: expect.stringContaining('Cannot write package.json/runs'),
    });
  });
});

test('db:backups verify ends with 1 for a missing folder, for no backup, and for a missing dump', async () => {
  const missing = await project.pgmage('db:backups verify --dir nope');
  expect(missing).toMatchObject({ code: 1, log: expect.stringContaining('nope does not exist') });
  mkdirSync(join(project.root, 'empty'));
  const none = await project.pgmage('db:backups verify --dir empty');
  expect(none).toMatchObject({ code: 1, out: 'No backups in empty\n' });
  await withDatabase(anyServer(), async ({ url }) => {
    await project.pgmage('db:backup --format native --dir lost', { url });
    const folder = join(project.root, 'lost');
    const dump = readdirSync(folder).find((name) => name.endsWith('.native')) as string;
    expect((await project.pgmage('db:backups verify --dir lost')).code).toBe(0);
    rmSync(join(folder, dump));
    writeFileSync(join(folder, 'notes.json'), '{}');
    for (const words of ['db:backups verify --dir lost', 'db:backups --dir lost']) {
      const { code, out } = await project.pgmage(words);
      expect(out).toBe(
        `lost/${dump} is damaged: the dump itself is missing. Make a new backup with db:backup --env local,` +
          ' then delete its files.\n',
      );
      expect(code).toBe(words.includes('verify') ? 1 : 0);
    }
  });
});

test('db:backups --max-age ends with 2 where the newest good backup of an environment is older', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await project.pgmage('db:backup --format native --dir aged', { url });
    const folder = join(project.root, 'aged');
    const dump = readdirSync(folder).find((name) => name.endsWith('.native')) as string;
    const age = async (hours: number, more: Partial<Manifest> = {}) => {
      const path = join(folder, dump);
      const text = readFileSync(path.replace(/native$/, 'json'), 'utf8');
      const { seal: _, ...manifest } = JSON.parse(text) as Manifest & { seal: string };
      const started = new Date(Date.now() - hours * 3_600_000).toISOString();
      await writeManifest(path, { ...manifest, started, ...more });
    };
    const run = (words: string) => project.pgmage(`db:backups --dir aged ${words}`);
    await age(25);
    expect((await run('--max-age 26h')).code).toBe(0);
    expect((await run('verify --max-age 26h')).code).toBe(0);
    const other = await run('--max-age 26h --env prod');
    expect(other).toMatchObject({ code: 2, out: expect.stringContaining('prod has no good backup') });
    await age(27);
    const old = await run('--max-age 26h');
    expect(old.code).toBe(2);
    expect(old.out).toMatch(
      /^local has no good backup of the last 26h: the newest one is of \S+Z, 1 day ago\.$/m,
    );
    expect((await run('--max-age 2d')).code).toBe(0);
    expect((await run('--max-age 1s')).code).toBe(2);
    await age(1, {
      damaged: { when: new Date().toISOString(), how: 'read', faults: ['its end is missing'] },
    });
    expect(await run('--max-age 26h')).toMatchObject({
      code: 2,
      out: expect.stringContaining('it has none'),
    });
    expect(await run('--max-age soon')).toMatchObject({
      code: 64,
      log: expect.stringContaining('--max-age: soon is not a number with s, m, h or d'),
    });
    mkdirSync(join(project.root, 'bare'));
    expect((await project.pgmage('db:backups --dir bare --max-age 1d')).code).toBe(2);
  });
});
