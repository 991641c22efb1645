// The compiled code that the program keeps beside itself: when it is written and taken, and that a program
// without it does the same.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { unprivileged } from '../servers/binaries.ts';

const repository = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const user = unprivileged();

let root = '';
let dist = '';

// As installed by the user who runs it.
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pgmage-cached-'));
  dist = join(root, 'dist');
  mkdirSync(dist);
  cpSync(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
  cpSync(join(repository, 'package.json'), join(root, 'package.json'));
  cpSync(join(repository, 'dist/bin.cjs'), join(dist, 'bin.cjs'));
  for (const path of [root, dist]) {
    chmodSync(path, 0o755);
    if ('uid' in user) chownSync(path, user.uid, user.gid);
  }
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

async function run(...words: readonly string[]): Promise<string> {
  const command = [join(root, 'bin/pgmage.cjs'), ...words];
  // That user may not be allowed to read the file that the tests' own options name.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, command, { ...user, cwd: root, env });
  return stdout.trim();
}

const kept = () => readdirSync(dist).filter((name) => name !== 'bin.cjs');

test('the first run keeps its code, and the second takes it', async () => {
  expect(await run('--version')).toBe(version);
  const [name = '', ...others] = kept();
  expect(others).toEqual([]);
  expect(name).toContain(`-${process.version}-`);
  const { mtimeMs } = statSync(join(dist, name));
  expect(await run('--version')).toBe(version);
  expect(kept()).toEqual([name]);
  // It was not written again, as code that V8 refuses is.
  expect(statSync(join(dist, name)).mtimeMs).toBe(mtimeMs);
});

test('code of a task that starts WebAssembly is taken, too', async () => {
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'));
  mkdirSync(join(root, 'schema'));
  writeFileSync(join(root, 'schema/schema.sql'), 'create table t (a int);');
  if ('uid' in user) chownSync(join(root, 'schema'), user.uid, user.gid);
  expect(await run('db:types')).toContain('a: number');
  const [name = ''] = kept();
  const { mtimeMs } = statSync(join(dist, name));
  writeFileSync(join(root, 'schema/schema.sql'), 'create table t (b int);');
  expect(await run('db:types')).toContain('b: number');
  // Flags of V8 that differ at the end of the process would have it written again.
  expect([kept(), statSync(join(dist, name)).mtimeMs]).toEqual([[name], mtimeMs]);
});

test('a small task keeps little code, however much others have', async () => {
  await run('--version');
  const [name = ''] = kept();
  expect(statSync(join(dist, name)).size).toBeLessThan(500_000);
});

test('each task keeps its own code', async () => {
  await run('--version');
  await run('--list');
  expect(kept()).toHaveLength(2);
});

test('code of another version of Node or of the program is not taken, and is replaced', async () => {
  await run('--version');
  const [name = ''] = kept();
  renameSync(join(dist, name), join(dist, name.replace(process.version, 'v1.2.3')));
  expect(await run('--version')).toBe(version);
  expect(kept()).toEqual([name]);
  writeFileSync(join(dist, 'bin.cjs'), `${readFileSync(join(dist, 'bin.cjs'), 'latin1')}\n`, 'latin1');
  expect(await run('--version')).toBe(version);
  const [later = '', ...others] = kept();
  expect([later === name, others]).toEqual([false, []]);
});

test('damaged code is not taken, and is replaced', async () => {
  await run('--version');
  const [name = ''] = kept();
  writeFileSync(join(dist, name), 'damaged');
  expect(await run('--version')).toBe(version);
  expect(statSync(join(dist, name)).size).toBeGreaterThan(10_000);
});

test('first runs at the same time do not disturb each other', async () => {
  const answers = await Promise.all(Array.from({ length: 6 }, () => run('--version')));
  expect(new Set(answers)).toEqual(new Set([version]));
  expect(kept()).toHaveLength(1);
  expect(await run('--version')).toBe(version);
});

test('a folder that the user cannot write is no problem', async () => {
  chmodSync(dist, 0o555);
  if ('uid' in user) chownSync(dist, 0, 0);
  expect(await run('--version')).toBe(version);
  expect(kept()).toEqual([]);
});

test('the program has only characters of one byte, because another one doubles what it takes in memory', () => {
  expect(readFileSync(join(dist, 'bin.cjs'), 'utf8')).not.toMatch(/[^\0-\x7f]/);
});
