// The embedded database whose files are damaged.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbedded } from '../../lib/shadow/embedded.ts';
import { failure } from '../failure.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgmage-embedded-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a damaged embedded database is named, and nothing of it is deleted', async () => {
  const directory = join(folder, 'damaged');
  await openEmbedded(directory, { cacheDir: folder }).then((connection) => connection.close());
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  for (const part of ['global/pg_control', 'PG_VERSION']) {
    await rm(join(directory, part));
    const left = await readdir(directory, { recursive: true });
    const { code, message, hint } = await failure(openEmbedded(directory, { cacheDir: folder }));
    expect(code).toBe('embedded_damaged');
    expect(message).toContain(`Cannot open the embedded database in ${directory}: `);
    expect(hint).not.toMatch(/cache|delete its/i);
    expect(await readdir(directory, { recursive: true })).toEqual(expect.arrayContaining(left));
  }
});
