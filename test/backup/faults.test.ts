// Whatever happens to a backup, there is a whole one or none, and those from before are as they were.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { backup } from '../../lib/commands/backup.ts';
import { verifyBackups } from '../../lib/commands/backups.ts';
import { detectFormat } from '../../lib/flow/formats.ts';
import { Problem } from '../../lib/problem/problem.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { type Database, freshDatabase } from '../servers/databases.ts';
import { query } from '../servers/server.ts';
import { thorough } from '../thorough.ts';
import { alone, childOf, killChild, mountDisk, struckRun, terminate, until, whileHeld } from './faults.ts';
import { backupProject, triedAgain, ways } from './scene.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const all = await ways('faults of backups');
const native = all.filter(({ engine }) => engine === 'native').slice(-1);
const dumped = all.filter(({ engine }) => engine === 'pg_dump').slice(0, 1);
const inFormats = (['custom', 'directory', 'plain'] as const).flatMap((format) =>
  dumped.map((way) => ({ ...way, format })),
);
const ofNative = native.map((way) => ({ ...way, format: 'native' as const }));
// All formats where all is tried; otherwise the one that has more parts, if it is there.
const tried = thorough ? [...ofNative, ...inFormats] : [...inFormats.slice(1, 2), ...ofNative].slice(0, 1);

function sizeOf(path: string): number {
  try {
    if (!statSync(path).isDirectory()) return statSync(path).size;
    return readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
  } catch {
    // It is gone meanwhile.
    return 0;
  }
}

describe.each(tried)('$format', ({ server, engine, format }) => {
  let database: Database;
  let own: ReturnType<typeof backupProject>;
  let older: string[];
  let context: Workspace;

  beforeAll(async () => {
    database = await freshDatabase(server);
    // Rows that no compression makes small: they take a while, and fill disks.
    await query(
      database.url,
      `create table big (id int, noise text); insert into big select i, (select string_agg(md5(i || '-' || j),
        '') from
      generate_series(1, 60) j) from generate_series(1, 3000) i; create table small (id int); insert into
      small values (1);
      ${Array.from({ length: 60 }, (_, at) => `create table t${at} (id int);`).join(' ')}`,
    );
    own = backupProject({ prod: database.url });
    writeFileSync(join(own.context.project.root, 'package.json'), '{}');
    writeFileSync(join(own.context.project.root, '.env.production'), `DATABASE_URL=${database.url}`);
    await backup(own.context, { format });
    older = readdirSync(own.folder);
    context = own.context;
  });
  afterAll(async () => {
    own?.drop();
    await database?.drop();
  });

  beforeEach(() => {
    for (const name of readdirSync(own.folder))
      if (!older.includes(name)) rmSync(join(own.folder, name), { recursive: true });
  });

  // The backup from before is whole, and there is nothing beside it; or one more that is whole, too.
  async function expectWhole(more: number): Promise<void> {
    const { backups } = await verifyBackups(own.context, {});
    expect(backups.map(({ faults }) => faults)).toEqual(Array(1 + more).fill([]));
    const rest = readdirSync(own.folder).filter(
      (name) => !name.endsWith('.json') && detectFormat(name) === null,
    );
    expect(rest).toEqual([]);
    expect(older.filter((name) => !readdirSync(own.folder).includes(name))).toEqual([]);
    await alone(database.url);
  }

  const partial = () =>
    readdirSync(own.folder).find(
      (name) => detectFormat(name.replace(/\.partial$/, '')) !== null && name.endsWith('.partial'),
    );
  const written = () => {
    const name = partial();
    return name === undefined ? -1 : sizeOf(join(own.folder, name));
  };

  const piped: [string, () => Promise<boolean> | boolean, string][] = [
    ['pg_dump is killed', () => killChild('pg_dump'), 'client_failed'],
    [
      'the backend of pg_dump is terminated',
      () => whileHeld('pg_dump', () => terminate(database.url, 'pg_dump')),
      triedAgain,
    ],
  ];
  // Each: what happens, once so much of the dump is written.
  const strikes: [string, () => Promise<boolean> | boolean, string][] = [
    ...(engine === 'pg_dump' ? piped : []),
    ['the sessions of pgmage are terminated', () => terminate(database.url, 'pgmage'), triedAgain],
  ];

  test.each(strikes)('%s', async (name, strike, code) => {
    const sizes = thorough ? [0, 1, 500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000] : [1_000_000];
    let [trials, made] = [0, 0];
    for (const size of sizes) {
      let [isOver, isStruck] = [false, false];
      const work = backup(context, { format })
        .then(
          () => null,
          (thrown: unknown) => thrown,
        )
        .finally(() => {
          isOver = true;
        });
      await until(async () => {
        isStruck = written() >= size && (await strike());
        return isStruck || isOver;
      });
      const thrown = await work;
      expect(isStruck).toBe(true);
      trials++;
      if (thrown === null && format === 'directory' && code === triedAgain) {
        // Of several sessions some may have had nothing left to do.
        made++;
        await expectWhole(made);
        const { backups } = await verifyBackups(own.context, { drill: true, on: 'prod' });
        expect(backups.map(({ faults }) => faults)).toEqual(Array(1 + made).fill([]));
        continue;
      }
      expect(thrown).toBeInstanceOf(Problem);
      // Which of the two sessions is missed first is a matter of chance.
      expect(['client_failed', triedAgain]).toContain((thrown as Problem).code);
      if (size > 0 && code === 'client_failed') expect((thrown as Problem).code).toBe(code);
      await expectWhole(made);
    }
    process.stdout.write(`${trials} trials as ${format}: ${name}\n`);
  });

  test('the folder is full, read-only or missing', async () => {
    let trials = 0;
    const size = sizeOf(join(own.folder, older.find((name) => detectFormat(name) !== null) ?? ''));
    const rooms = [8, 64, size >> 11, (size >> 10) - 200, Math.ceil(size / 4096) * 4 + 4];
    for (const kilobytes of thorough ? rooms : rooms.slice(-1)) {
      const disk = mountDisk(kilobytes);
      if (typeof disk === 'string') {
        process.stdout.write(`NOT RUN: a full or read-only folder. No disk can be mounted here: ${disk}\n`);
        break;
      }
      try {
        writeFileSync(join(disk.path, 'mine'), '');
        const first = await failure(backup(context, { format, dir: disk.path }));
        expect(first.code).toBe('no_space');
        const full = await failure(backup(context, { format, dir: disk.path, force: true }));
        expect([full.code, full.message]).toEqual([
          'unwritable_file',
          expect.stringMatching(/ENOSPC|No space left/),
        ]);
        expect(readdirSync(disk.path)).toEqual(['mine']);
        disk.readOnly();
        const refused = await failure(backup(context, { format, dir: disk.path, force: true }));
        expect([refused.code, refused.message]).toEqual([
          'unwritable_file',
          expect.stringContaining('EROFS'),
        ]);
        expect(readdirSync(disk.path)).toEqual(['mine']);
        trials += 3;
      } finally {
        disk.remove();
      }
    }
    writeFileSync(join(own.context.project.root, 'file'), '');
    const missing = await failure(backup(context, { format, dir: 'file/folder' }));
    expect([missing.code, missing.message]).toEqual(['unwritable_file', expect.stringContaining('ENOTDIR')]);
    await expectWhole(0);
    process.stdout.write(`${trials + 1} trials as ${format}: the folder is full, read-only or missing\n`);
  });

  test('two at once: one of them, and the other is told', async () => {
    const rounds = thorough ? 8 : 1;
    for (let round = 1; round <= rounds; round++) {
      const both = await Promise.allSettled([backup(context, { format }), backup(context, { format })]);
      const refused = both.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as Problem).code] : [],
      );
      expect(refused).toEqual(['backup_running']);
      await expectWhole(round);
    }
    process.stdout.write(`${rounds} trials as ${format}: two at once\n`);
  });

  test('pgmage is interrupted or killed: nothing is left that looks like a backup', async () => {
    let trials = 0;
    const points = (thorough ? [1, 2] : [1]).flatMap((lines) =>
      (thorough ? [0, 30, 60, 120, 250] : [60]).map((later) => ({ lines, later })),
    );
    let more = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const)
      for (const point of points) {
        const ended = await struckRun(
          own.context.project.root,
          ['db:backup', '--env', 'prod', '--format', format],
          {
            ...point,
            signal,
          },
        );
        expect(ended.struck).toBe(true);
        if (ended.code === 0) more++;
        else if (signal === 'SIGKILL') expect(ended.signal).toBe(signal);
        // With nothing left to undo, the signal ends the process without a word.
        else if (!ended.log.includes('Interrupted.'))
          expect(ended.signal ?? ended.code).toBe(signal === 'SIGINT' ? 130 : signal);
        await until(() => childOf(1, 'pg_dump') === undefined);
        if (signal === 'SIGKILL') {
          // Whether its name had been written is a matter of chance; that of a manifest comes after it.
          const { backups } = await verifyBackups(own.context, {});
          const dumps = backups.filter(({ faults }) => faults.length === 0).length;
          more = dumps - 1;
          for (const { faults } of backups.slice(dumps)) expect(faults.join()).toContain('no manifest');
        } else {
          // It may have been whole already when it came to its end.
          const found = (await verifyBackups(own.context, {})).backups.length - 1;
          expect([more, more + 1]).toContain(found);
          more = found;
          await expectWhole(more);
        }
        trials++;
      }
    // The next one sweeps up what those that were killed left, and takes over their lock.
    await backup(context, { format });
    expect(readdirSync(own.folder).filter((name) => /partial|lock/.test(name))).toEqual([]);
    process.stdout.write(`${trials} trials as ${format}: pgmage is interrupted or killed\n`);
  });

  test('a lock of a process that has ended is taken over, one of another machine is not', async () => {
    const folder = join(own.context.project.root, 'locked');
    mkdirSync(folder);
    const lock = join(folder, `.${database.name}_prod.lock`);
    writeFileSync(lock, `1 another-machine\n`);
    const refused = await failure(backup(context, { format, dir: folder }));
    expect(refused.message).toContain(`locked/.${database.name}_prod.lock`);
    expect(readFileSync(lock, 'utf8')).toBe('1 another-machine\n');
    writeFileSync(lock, `999999999 ${(await import('node:os')).hostname()}\n`);
    expect((await backup(context, { format, dir: folder })).faults).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });
});
