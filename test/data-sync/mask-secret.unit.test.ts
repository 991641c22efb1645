// The secret of masks is made once, also by processes at the same time, and is for its owner alone.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readMaskSecret } from '../../lib/data-sync/mask-secret.ts';
import { failure } from '../failure.ts';

test('many at the same time read one secret, and leave one file', async () => {
  const root = mkdtempSync(join(tmpdir(), 'pgmage-secret-'));
  const folder = join(root, '.pgmage');
  const secrets = new Set(await Promise.all(Array.from({ length: 20 }, () => readMaskSecret(folder))));
  expect(secrets.size).toBe(1);
  expect([...secrets][0]).toMatch(/^[0-9a-f]{32}$/);
  expect(readdirSync(folder)).toEqual(['mask-secret']);
  expect(statSync(join(folder, 'mask-secret')).mode & 0o777).toBe(0o600);
  // Another secret would make every masked row differ.
  writeFileSync(join(folder, 'mask-secret'), '');
  expect((await failure(readMaskSecret(folder))).message).toContain('it is empty');
  rmSync(root, { recursive: true });
});
