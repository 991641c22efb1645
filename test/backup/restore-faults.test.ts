// Whatever happens to a restore, the database is as it was, or it is the backup: never in between.
import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { restore } from '../../lib/commands/restore.ts';

import type { Problem } from '../../lib/problem/problem.ts';
import { derive } from '../project/workspace.ts';
import { withDatabase } from '../servers/databases.ts';
import { proxyTo } from '../servers/proxy.ts';
import { query, startServer } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';
import { smallDisk } from '../servers/small-disk.ts';
import { step, thorough } from '../thorough.ts';
import { alone, killChild, struckRun, terminate } from './faults.ts';
import { before, consent, type RestoreScene, restoreScene } from './restore-scene.ts';
import { digest, triedAgain, type Way, ways } from './scene.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const all = await ways('faults of restores');
const native = all.filter(({ engine }) => engine === 'native').slice(-1);
const piped = all.filter(({ engine }) => engine === 'pg_dump').slice(0, 1);
// What does not depend on the way is tried with one of them, unless all is tried.
const either = thorough ? [...native, ...piped] : native;

const scenes = new Map<Way, Promise<RestoreScene>>();
afterAll(async () => {
  for (const scene of scenes.values()) await (await scene).drop();
});

function at(way: Way): Promise<RestoreScene> {
  const known = scenes.get(way) ?? restoreScene(way);
  scenes.set(way, known);
  return known;
}

// Loading big, Loading child, Comparing.
const later = [1, 2, 3];

test.each(either)('$engine: the backend of the target is terminated', async (way) => {
  const { target, struck, expectEither } = await at(way);
  let trials = 0;
  for (const line of later) {
    const { thrown, struck: came } = await struck(line, () => terminate(target.url, 'pgmage'));
    expect([came, thrown?.code]).toEqual([true, triedAgain]);
    await expectEither(false);
    trials++;
  }
  process.stdout.write(`${trials} trials by ${way.engine}: the backend of the target is terminated\n`);
});

test.each(piped)('$engine: pg_restore is killed', async (way) => {
  const { struck, expectEither } = await at(way);
  let trials = 0;
  for (const line of [1, 2]) {
    let killed = false;
    const { thrown } = await struck(line, () => {
      killed = killChild('pg_restore');
    });
    // It may have written all that it had to, and be gone.
    expect(thrown?.code ?? null).toBe(killed ? 'client_failed' : null);
    await expectEither(thrown === null);
    trials++;
  }
  process.stdout.write(`${trials} trials by ${way.engine}: pg_restore is killed\n`);
});

const written: readonly Way[] = [
  ...native,
  ...piped,
  ...piped.flatMap((way) => (['directory', 'plain'] as const).map((format) => ({ ...way, format }))),
];

test.each(written)('$engine $format: the dump changes between its check and its end', async (way) => {
  const { own, file, expectEither } = await at(way);
  const whole = join(own.context.project.root, file);
  // Of a folder its biggest file.
  const inside = way.format === 'directory' ? readdirSync(whole).map((name) => join(whole, name)) : [whole];
  const path = inside.sort((a, b) => statSync(b).size - statSync(a).size)[0] as string;
  const copy = join(own.context.project.root, 'copy');
  const size = readFileSync(path).length;
  let trials = 0;
  for (const left of thorough ? [0, 100, size >> 2, size >> 1, size - 300, size - 1] : [0, size >> 1]) {
    copyFileSync(path, copy);
    const cut = await restore(
      derive(own.context, {
        progress: (line) => line.startsWith('Loading') && truncateSync(path, left),
      }),
      file,
      { to: 'copy', ...consent },
      undefined,
    ).then(
      () => null,
      (reason: Problem) => reason.code,
    );
    copyFileSync(copy, path);
    expect(['client_failed', 'backup_damaged', null]).toContain(cut);
    await expectEither(cut === null);
    trials++;
  }
  process.stdout.write(
    `${trials} trials by ${way.engine} ${way.format ?? ''}: the dump is cut after its check\n`,
  );
});

test.each(either)('$engine: the network is cut at a request', async (way) => {
  const { target, urls, whole, struck, expectEither } = await at(way);
  let trials = 0;
  let done = 0;
  for (const moment of thorough ? (['before', 'during', 'after'] as const) : (['after'] as const))
    for (let request = 0, going = true; going; trials++, request += step(5)) {
      const proxy = await proxyTo(target.url, { at: request, moment, do: (cut) => cut() });
      urls.copy = proxy.url;
      const { thrown } = await struck(-1, () => undefined);
      urls.copy = target.url;
      expect([null, triedAgain]).toContain(thrown?.code ?? null);
      going = proxy.struck();
      await proxy.close();
      await alone(target.url);
      // What is cut off after the commit is done, although nobody heard of it.
      const reached = JSON.stringify(await digest(target.url)) === JSON.stringify(whole);
      if (thrown === null) expect(reached).toBe(true);
      if (reached) done++;
      await expectEither(reached);
    }
  process.stdout.write(`${trials} trials by ${way.engine}: the network is cut, after ${done} commits\n`);
});

test.each(either)('$engine: pgmage is interrupted or killed', async (way) => {
  const { own, file, target, whole, expectEither } = await at(way);
  let trials = 0;
  let done = 0;
  for (const signal of thorough
    ? (['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
    : (['SIGINT', 'SIGKILL'] as const))
    for (const lines of thorough ? [1, 2, 3, 4] : [3])
      for (const wait of thorough ? [0, 20, 60] : [0]) {
        const words = ['db:restore', file, '--to', 'copy', '--yes', '--force'];
        const ended = await struckRun(own.context.project.root, words, { lines, later: wait, signal });
        expect(ended.struck).toBe(true);
        // Before there is anything to undo, SIGTERM ends it as it ends any program.
        if (ended.code === null) expect([ended.signal, signal === 'SIGINT']).toEqual([signal, false]);
        else if (ended.code !== 0) expect(ended.log).toContain('Interrupted.');
        await alone(target.url);
        // What comes while it is committed may come too late.
        const reached = JSON.stringify(await digest(target.url)) === JSON.stringify(whole);
        if (ended.code === 0) expect(reached).toBe(true);
        // What it says is what it is.
        else if (ended.code !== null) expect(/committed in/.test(ended.log)).toBe(reached);
        if (reached) done++;
        await expectEither(reached);
        trials++;
      }
  process.stdout.write(
    `${trials} trials by ${way.engine}: pgmage is interrupted or killed, after ${done} commits\n`,
  );
  expect(done).toBeLessThan(trials);
});

test.each(either)('$engine: two at once: one after the other, or one is refused', async (way) => {
  const { own, file, expectEither } = await at(way);
  const go = () => restore(own.context, file, { to: 'copy', ...consent }, undefined);
  const both = await Promise.allSettled([go(), go()]);
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Problem).code] : []));
  expect(refused).toEqual(['migration_running']);
  await expectEither(true);
});

test.each(either)(
  '$engine: somebody else has a lock in the target: it is told, and nothing is changed',
  async (way) => {
    const { target, struck, expectEither } = await at(way);
    const other = await userSession({ url: target.url, applicationName: 'somebody else' });
    await other.execute('begin; lock table mine.users in access share mode');
    const { thrown } = await struck(-1, () => undefined);
    expect(thrown?.code).toBe('lock_timeout');
    await other.execute('commit');
    await other.close();
    await expectEither(false);
  },
);

test.each(either)('$engine: the disk of the target is full', async (way) => {
  const { target, urls, was, whole, struck } = await at(way);
  const disk = await smallDisk(way.server.major, 40);
  if (typeof disk === 'string') {
    process.stdout.write(`NOT RUN: a full disk of the target. No disk can be mounted here: ${disk}\n`);
    return;
  }
  let trials = 0;
  try {
    await withDatabase(disk.server, async (small) => {
      await query(disk.server.socket(), `alter database ${small.name} set tablespace small`);
      await query(small.url, before);
      urls.copy = small.url;
      for (const left of thorough
        ? [0, 100_000, 300_000, 600_000, 1_000_000, 1_500_000]
        : [100_000, 600_000]) {
        disk.leave(left);
        const { thrown } = await struck(-1, () => undefined);
        expect(thrown?.message).toMatch(/No space left on device|could not (write|extend)/);
        expect(await digest(small.url)).toEqual(was);
        trials++;
      }
      disk.leave(null);
      expect((await struck(-1, () => undefined)).thrown).toBe(null);
      expect(await digest(small.url)).toEqual(whole);
    });
  } finally {
    urls.copy = target.url;
    await disk.remove();
  }
  process.stdout.write(`${trials} trials by ${way.engine}: the disk of the target is full\n`);
});

test.each(either)('$engine: the server of the target is restarted', async (way) => {
  const { target, urls, was, struck } = await at(way);
  const another = await startServer(way.major);
  let trials = 0;
  try {
    urls.copy = another.url();
    await query(another.url(), before);
    // Servers of tests do not wait for their disk, and lose in a crash what they did a moment before.
    await query(another.url(), 'checkpoint');
    for (const line of thorough ? later : [2]) {
      const { thrown } = await struck(line, () => another.restart());
      expect(thrown?.code).toBe(triedAgain);
      expect(await digest(another.url())).toEqual(was);
      trials++;
    }
  } finally {
    urls.copy = target.url;
    await another.stop();
  }
  process.stdout.write(`${trials} trials by ${way.engine}: the server of the target is restarted\n`);
});
