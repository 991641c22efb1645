// A file is written whole or not at all, whatever else writes it.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { replaceFile } from '../../lib/config/file.ts';

const root = mkdtempSync(join(tmpdir(), 'pgmage-file-'));
afterAll(() => rmSync(root, { recursive: true }));

test('two writers at once leave one whole text, and nothing beside it', async () => {
  mkdirSync(join(root, 'made'));
  const file = join(root, 'made', 'a.txt');
  const texts = ['x', 'y'].map((letter) => letter.repeat(2_000_000));
  await Promise.all(texts.map((text) => replaceFile(file, text, { mode: 0o600 })));
  expect(texts).toContain(readFileSync(file, 'utf8'));
  expect([readdirSync(join(root, 'made')), statSync(file).mode & 0o777]).toEqual([['a.txt'], 0o600]);
  await replaceFile(file, [Buffer.from('a'), Buffer.from('b')]);
  expect(readFileSync(file, 'utf8')).toBe('ab');
  chmodSync(file, 0o400);
  await replaceFile(file, 'c');
  expect(readFileSync(file, 'utf8')).toBe('c');
});

test('a failure leaves nothing beside it', async () => {
  const folder = join(root, 'other');
  mkdirSync(join(folder, 'is a folder', 'x'), { recursive: true });
  await expect(replaceFile(join(folder, 'is a folder'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(readdirSync(folder)).toEqual(['is a folder']);
  await expect(replaceFile(join(root, 'none', 'a.txt'), 'text')).rejects.toThrow('ENOENT');
});
