// Names of uploads: each has its own, whatever comes at the same moment.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Project } from '../../lib/project/project.ts';
import type { Service } from '../../lib/service/service.ts';
import { readSettings } from '../../lib/service/settings.ts';
import { openStorageMeter } from '../../lib/service/storage.ts';
import { notePath, type UploadedDump } from '../../lib/service/upload-files.ts';
import { storeUpload } from '../../lib/service/uploads.ts';

const rounds = 80;

/** A folder of uploads without a service around it. */
interface UploadScene {
  setTime(milliseconds: number): void;
  store(text: string): Promise<UploadedDump>;
}

async function withUploads(work: (scene: UploadScene) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-uploads-'));
  const project = { root } as Project;
  const settings = readSettings(project, {});
  let time = 0;
  const now = () => new Date(time);
  const storage = openStorageMeter(project, settings, now);
  const service = { project, settings, storage, world: { now } } as unknown as Service;
  async function* body(text: string) {
    yield Buffer.from(text);
  }
  try {
    await work({
      setTime(milliseconds) {
        time = milliseconds;
      },
      store: (text) =>
        storeUpload(service, { body: body(text), length: null, label: 'dump', sha256: null, by: 'key' }),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('of uploads of one second and one name, none replaces another one', async () => {
  await withUploads(async ({ setTime, store }) => {
    for (let round = 0; round < rounds; round++) {
      setTime(Date.UTC(2026, 10, 29) + 60_000 * round);
      const late = setTimeout((8 * round) / rounds).then(() => store('select 2;'));
      const [first, second] = await Promise.all([store('select 1;'), late]);
      expect(first.name).not.toBe(second.name);
      expect([first, second].map(({ path }) => readFileSync(path, 'utf8'))).toEqual([
        'select 1;',
        'select 2;',
      ]);
    }
  });
});

test('a file of that name without a note is not replaced, and no partial file stays', async () => {
  await withUploads(async ({ setTime, store }) => {
    setTime(Date.UTC(2026, 10, 29));
    const { path, name } = await store('select 1;');
    rmSync(notePath(path));
    const second = await store('select 2;');
    expect(second.name).not.toBe(name);
    expect(readFileSync(path, 'utf8')).toBe('select 1;');
    expect(readdirSync(dirname(path)).filter((one) => one.endsWith('.partial'))).toEqual([]);
  });
});
