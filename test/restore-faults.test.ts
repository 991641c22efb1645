// Whatever happens to a restore, the database is as it was, or it is the backup: never in between.
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Digest } from '../lib/flow/digest.ts';
import { backup } from '../lib/operations/backup.ts';
import { restore } from '../lib/operations/restore.ts';
import { connect } from '../lib/pg/connect.ts';
import { Problem } from '../lib/problem.ts';
import { alone, killChild, struckRun, terminate, thorough } from './backup/faults.ts';
import { backupProject, digest, dumpable } from './backup/scene.ts';
import { proxyTo } from './migration/proxy.ts';
import { smallDisk } from './migration/small-disk.ts';
import { type Database, freshDatabase, withDatabase } from './servers/databases.ts';
import { query, startServer } from './servers/server.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const consent = { yes: true, force: true };
const [server] = await dumpable('faults of restores');
const run = server === undefined ? [] : [server];

const wanted = `create table big (id int primary key, noise text); insert into big select i, repeat(md5(i::text), 30) from
  generate_series(1, 3000) i; create table child (id int references big, n int); insert into child select i, i from
  generate_series(1, 1000) i; create index on child (n); create view v as select * from child; create sequence s;
  select setval('s', 7); select lo_from_bytea(99, 'new')`;
const before = `create schema mine; create table mine.users (id int primary key, name text); insert into mine.users values
  (1, 'a'), (2, 'b'); create view mine.names as select name from mine.users; select lo_from_bytea(99, 'old');
  create table child (n int); insert into child values (5)`;

let source: Database;
let target: Database;
let own: ReturnType<typeof backupProject>;
let file: string;
let urls: Record<string, string>;
let was: Digest[];
let whole: Digest[];

beforeAll(async () => {
  if (server === undefined) return;
  [source, target] = [await freshDatabase(server), await freshDatabase(server)];
  await query(source.url, wanted);
  await query(target.url, before);
  [whole, was] = [await digest(source.url), await digest(target.url)];
  urls = { prod: source.url, copy: target.url };
  own = backupProject(urls);
  writeFileSync(join(own.context.root, 'package.json'), '{}');
  writeFileSync(join(own.context.root, '.env.copy'), `DATABASE_URL=${target.url}`);
  ({ file } = await backup(own.context, {}));
});
afterAll(async () => {
  own?.drop();
  await target?.drop();
  await source?.drop();
});

/** Restores, with something that happens at the n-th line of progress. @returns what it failed with, and whether it came so far */
async function struck(at: number, strike: () => Promise<unknown> | unknown, name = file) {
  let lines = 0;
  let did: Promise<unknown> | undefined;
  const progress = () => {
    if (lines++ === at) did = Promise.resolve(strike());
  };
  const thrown = await restore(
    { ...own.context, progress },
    name,
    { to: 'copy', ...consent },
    undefined,
  ).then(
    () => null,
    (reason: unknown) => reason,
  );
  await did;
  if (thrown !== null) expect(thrown).toBeInstanceOf(Problem);
  return { thrown: thrown as Problem | null, struck: did !== undefined };
}

async function expectEither(succeeded: boolean): Promise<void> {
  await alone(target.url);
  expect(await digest(target.url)).toEqual(succeeded ? whole : was);
  if (!succeeded) return;
  await query(
    target.url,
    `drop view v; drop table child, big; drop sequence s; select lo_unlink(99); ${before}`,
  );
  expect(await digest(target.url)).toEqual(was);
}

// Loading big, Loading child, Comparing.
const later = [1, 2, 3];

test.each(run)('the backend of the target is terminated', async () => {
  let trials = 0;
  for (const at of later) {
    const { thrown, struck: came } = await struck(at, () => terminate(target.url, 'pgmage'));
    expect([came, thrown?.code]).toEqual([true, 'connection_lost']);
    await expectEither(false);
    trials++;
  }
  process.stdout.write(`${trials} trials: the backend of the target is terminated\n`);
});

test.each(run)('pg_restore is killed', async () => {
  let trials = 0;
  for (const at of [1, 2]) {
    let killed = false;
    const { thrown } = await struck(at, () => {
      killed = killChild('pg_restore');
    });
    // It may have written all that it had to, and be gone.
    expect(thrown?.code ?? null).toBe(killed ? 'client_failed' : null);
    await expectEither(thrown === null);
    trials++;
  }
  process.stdout.write(`${trials} trials: pg_restore is killed\n`);
});

test.each(run)('the dump changes between its check and its end', async () => {
  const path = join(own.context.root, file);
  const copy = join(own.context.root, 'copy');
  const size = readFileSync(path).length;
  let trials = 0;
  for (const left of thorough ? [0, 100, size >> 2, size >> 1, size - 300, size - 1] : [0, size >> 1]) {
    copyFileSync(path, copy);
    const cut = await restore(
      { ...own.context, progress: (line) => line.startsWith('Loading') && truncateSync(path, left) },
      file,
      { to: 'copy', ...consent },
      undefined,
    ).then(
      () => null,
      (reason: Problem) => reason.code,
    );
    copyFileSync(copy, path);
    expect(['client_failed', null]).toContain(cut);
    await expectEither(cut === null);
    trials++;
  }
  process.stdout.write(`${trials} trials: the dump is cut after its check\n`);
});

test.each(run)('the network is cut at a request', async () => {
  let trials = 0;
  let done = 0;
  for (const moment of thorough ? (['before', 'during', 'after'] as const) : (['after'] as const))
    for (let at = 0, going = true; going; trials++, at += thorough ? 1 : 5) {
      const proxy = await proxyTo(target.url, { at, moment, do: (cut) => cut() });
      urls.copy = proxy.url;
      const { thrown } = await struck(-1, () => undefined);
      urls.copy = target.url;
      expect([null, 'connection_lost']).toContain(thrown?.code ?? null);
      going = proxy.struck();
      await proxy.close();
      await alone(target.url);
      // What is cut off after the commit is done, although nobody heard of it.
      const reached = JSON.stringify(await digest(target.url)) === JSON.stringify(whole);
      if (thrown === null) expect(reached).toBe(true);
      if (reached) done++;
      await expectEither(reached);
    }
  process.stdout.write(`${trials} trials: the network is cut, after ${done} commits\n`);
});

test.each(run)('pgmage is interrupted or killed', async () => {
  let trials = 0;
  for (const signal of thorough
    ? (['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
    : (['SIGINT', 'SIGKILL'] as const))
    for (const lines of thorough ? [1, 2, 3, 4] : [3])
      for (const wait of thorough ? [0, 20, 60] : [0]) {
        const words = ['db:restore', file, '--to', 'copy', '--yes', '--force'];
        const ended = await struckRun(own.context.root, words, { lines, later: wait, signal });
        expect(ended.struck).toBe(true);
        // Before there is anything to undo, SIGTERM ends it as it ends any program.
        if (ended.code === null) expect([ended.signal, signal === 'SIGINT']).toEqual([signal, false]);
        else if (ended.code !== 0) expect(ended.log).toContain('Interrupted.');
        await expectEither(ended.code === 0);
        trials++;
      }
  process.stdout.write(`${trials} trials: pgmage is interrupted or killed\n`);
});

test.each(run)('two at once: one after the other, or one is refused', async () => {
  const go = () => restore(own.context, file, { to: 'copy', ...consent }, undefined);
  const both = await Promise.allSettled([go(), go()]);
  const refused = both.flatMap((one) => (one.status === 'rejected' ? [(one.reason as Problem).code] : []));
  expect(refused).toEqual(['migration_running']);
  await expectEither(true);
});

test.each(run)('somebody else has a lock in the target: it is told, and nothing is changed', async () => {
  const other = await connect({ url: target.url, applicationName: 'somebody else' });
  await other.execute('begin; lock table mine.users in access share mode');
  const { thrown } = await struck(-1, () => undefined);
  expect(thrown?.code).toBe('lock_timeout');
  await other.execute('commit');
  await other.close();
  await expectEither(false);
});

test.each(run)('the disk of the target is full', async (one) => {
  const disk = await smallDisk(one, 40);
  if (typeof disk === 'string') {
    process.stdout.write(`NOT RUN: a full disk of the target. No disk can be mounted here: ${disk}\n`);
    return;
  }
  let trials = 0;
  try {
    await withDatabase(one, async (small) => {
      await query(one.socket(), `alter database ${small.name} set tablespace small`);
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
  process.stdout.write(`${trials} trials: the disk of the target is full\n`);
});

test.each(run)('the server of the target is restarted', async ({ major }) => {
  const another = await startServer(major);
  let trials = 0;
  try {
    urls.copy = another.url();
    await query(another.url(), before);
    for (const at of thorough ? later : [2]) {
      const { thrown } = await struck(at, () => another.restart());
      expect(thrown?.code).toBe('connection_lost');
      expect(await digest(another.url())).toEqual(was);
      trials++;
    }
  } finally {
    urls.copy = target.url;
    await another.stop();
  }
  process.stdout.write(`${trials} trials: the server of the target is restarted\n`);
});
