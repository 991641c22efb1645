// The lock of a data directory: who waits for it, for how long, and who takes over that of an ended process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LockProcess, lockDirectory } from '../../lib/shadow/lock.ts';
import { failure } from '../failure.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgmage-locks-'));
});
afterAll(() => rm(folder, { recursive: true }));

const held = (name: string) => {
  const directory = join(folder, name);
  return { directory, file: `${directory}.lock` };
};

function startSleeper(): ChildProcess {
  return spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
}

test('a wait ends when the holder lets go, and says once whom it is for', async () => {
  const { directory } = held('released');
  const first = await lockDirectory(directory);
  const waits: LockProcess[] = [];
  const wait = { limit: 60_000, begin: (holder: LockProcess) => void waits.push(holder) };
  const second = lockDirectory(directory, undefined, wait);
  setTimeout(() => void first.release(), 350);
  await (await second).release();
  expect(waits).toEqual([{ pid: process.pid, host: null }]);
});

test('a wait has an end', async () => {
  const { directory, file } = held('kept');
  const first = await lockDirectory(directory);
  const wait = { limit: 300, begin: () => undefined };
  const problem = await failure(lockDirectory(directory, undefined, wait));
  expect(problem).toMatchObject({
    code: 'shadow_locked',
    message: `Process ${process.pid} uses the embedded database in ${directory}, also after a wait of 0.3 s`,
    data: { lock: file, pid: process.pid, host: null, waited: 300 },
  });
  await first.release();
});

test('a wait for a process ends when that is killed', async () => {
  const { directory, file } = held('killed');
  const sleeper = startSleeper();
  await writeFile(file, `${sleeper.pid} ${hostname()}\n`);
  const waits: LockProcess[] = [];
  const wait = { limit: 60_000, begin: (holder: LockProcess) => void waits.push(holder) };
  const second = lockDirectory(directory, undefined, wait);
  while (waits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  sleeper.kill('SIGKILL');
  await once(sleeper, 'exit');
  await (await second).release();
  expect(waits).toEqual([{ pid: sleeper.pid, host: null }]);
});

test('an ended process is told from a later one with its id', async () => {
  const { directory, file } = held('later');
  const first = await lockDirectory(directory);
  const text = await readFile(file, 'utf8');
  // Other systems than Linux do not say when a process started.
  const [, , start] = text.trim().split(' ');
  if (start !== undefined) {
    await writeFile(file, text.replace(/\d+\n$/, '1\n'));
    const second = await lockDirectory(directory);
    expect(await readFile(file, 'utf8')).toBe(text);
    await second.release();
  }
  await first.release();
});

test('a process of another machine counts as alive, and the hint names the file', async () => {
  const { directory, file } = held('elsewhere');
  await writeFile(file, '12 another-machine\n');
  const problem = await failure(lockDirectory(directory));
  expect(problem.message).toBe(`Process 12 on another-machine uses the embedded database in ${directory}`);
  expect(problem.hint).toContain(`If it no longer runs, remove ${file}.`);
});

test('of many that find the lock of an ended process, one at a time has it', async () => {
  const { directory, file } = held('crowded');
  await writeFile(file, `2147483646 ${hostname()}\n`);
  let inside = 0;
  let most = 0;
  const enter = async () => {
    const lock = await lockDirectory(directory, undefined, { limit: 60_000, begin: () => undefined });
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 5));
    inside--;
    await lock.release();
  };
  await Promise.all(Array.from({ length: 12 }, enter));
  expect(most).toBe(1);
  expect((await readdir(folder)).filter((name) => name.startsWith('crowded'))).toEqual([]);
});

test('a lock names its process from the moment that it exists', async () => {
  for (let trial = 0; trial < 50; trial++) {
    const { directory, file } = held(`named-${trial}`);
    let seen: string | null = null;
    const taken = lockDirectory(directory);
    while (seen === null) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        seen = readFileSync(file, 'utf8');
      } catch {}
    }
    expect(seen).toContain(`${process.pid} `);
    await (await taken).release();
  }
});

test('a process of another machine that ended while it removed a lock does not keep others for ever', async () => {
  const { directory, file } = held('left-turn');
  await writeFile(file, `2147483646 ${hostname()}\n`);
  await writeFile(`${file}.turn`, '12 elsewhere\n');
  const problem = await failure(lockDirectory(directory));
  expect(problem).toMatchObject({ code: 'shadow_locked', data: { pid: 12, host: 'elsewhere' } });
});
