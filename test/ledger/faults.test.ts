// Whatever happens in the middle, the schema is as some recorded step left it, and the next db:sync ends at
// the schema.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sync } from '../../lib/commands/sync.ts';
import { runMigrations } from '../../lib/ledger/applying.ts';
import { withLock } from '../../lib/ledger/lock.ts';
import { prepareLedger } from '../../lib/ledger/tables.ts';

import { Problem } from '../../lib/problem/problem.ts';
import { failure } from '../failure.ts';
import { migrationsOf } from '../project/project.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';
import { step } from '../thorough.ts';
import { faulty } from './faulty.ts';
import { consent, type Scene, scene } from './scene.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const server = anyServer();
const victim = join(import.meta.dirname, 'victim.ts');
let here: Scene;

beforeAll(async () => {
  here = await scene();
});
afterAll(() => here.drop());

async function applyAll(database: Database, direction: 'up' | 'down', strikeAt: number): Promise<boolean> {
  const plain = await userSession({ url: database.url, applicationName: 'pgmage tests' });
  const [me] = await plain.rows<{ pid: number }>('select pg_backend_pid() as pid');
  let struck = false;
  const connection = faulty(plain, strikeAt, async () => {
    struck = true;
    await rowsOf(server.url(), `select pg_terminate_backend(${me?.pid}, 5000)`);
  });
  const files = await migrationsOf(here.own);
  const author = { systemUser: null, gitAuthor: null, gitCommit: null, tool: 'test' };
  const of = { connection, environment: 'local', folder: here.own.context.project.migrations, files, author };
  const work = withLock(connection, 'local', async () => {
    await prepareLedger(connection);
    await (direction === 'up'
      ? runMigrations(of, 'up', files)
      : runMigrations(of, 'down', [...files].reverse()));
  });
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  await plain.close().catch(() => undefined);
  // The last statement gives the lock back, which the end of the session does as well.
  if (thrown !== null) expect(thrown).toBeInstanceOf(Problem);
  return struck;
}

test.each(['up', 'down'] as const)(
  'the session is terminated at each statement on the way %s',
  async (way) => {
    let trials = 0;
    for (let strikeAt = 0, going = true; going; trials++, strikeAt += step(8)) {
      going = await withDatabase(server, async (database) => {
        if (way === 'down') await here.recovers(database);
        const struck = await applyAll(database, way, strikeAt);
        await here.recovers(database);
        return struck;
      });
    }
    process.stdout.write(`${trials} trials: session terminated before a statement, ${way}\n`);
    expect(trials).toBeGreaterThan(2);
  },
);

test.each(['up', 'down'] as const)('the process is killed at each statement on the way %s', async (way) => {
  let trials = 0;
  for (let strikeAt = 0, going = true; going; trials++, strikeAt += step(12)) {
    going = await withDatabase(server, async (database) => {
      if (way === 'down') await here.recovers(database);
      const words = [
        '--import',
        'tsx',
        victim,
        database.url,
        here.own.context.project.migrations,
        way,
        String(strikeAt),
      ];
      const { signal, status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      if (signal === null) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      await here.recovers(database);
      return signal === 'SIGKILL';
    });
  }
  process.stdout.write(`${trials} trials: process killed before a statement, ${way}\n`);
  expect(trials).toBeGreaterThan(2);
});

test('two at once: one waits or is refused, and nothing is done twice', async () => {
  for (let round = 0; round < 4; round++)
    await withDatabase(server, async (database) => {
      const both = await Promise.allSettled([
        sync({ ...here.at(database.url) }, consent, undefined),
        sync({ ...here.at(database.url) }, consent, undefined),
      ]);
      const refused = both.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as Problem).code] : [],
      );
      expect(refused.length).toBeLessThan(2);
      expect(refused.filter((code) => code !== 'migration_running')).toEqual([]);
      await here.recovers(database);
      expect(await rowsOf(database.url, `select from pgmage.audit where outcome = 'done'`)).toHaveLength(4);
    });
});

test('while the lock is held by node-pg-migrate or anybody else, nothing is done', async () => {
  await withDatabase(server, async (database) => {
    const other = await userSession({ url: database.url, applicationName: 'pgmage tests' });
    await other.execute('select pg_advisory_lock(7241865325823964)');
    expect((await failure(sync(here.at(database.url), consent, undefined))).code).toBe('migration_running');
    expect(await rowsOf(database.url, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
    await other.close();
    await here.recovers(database);
  });
});

test('where a pooler gives the transaction another session than the lock, nothing is done', async () => {
  await withDatabase(server, async (database) => {
    const options = { url: database.url, applicationName: 'pgmage tests' };
    const [first, second] = [await userSession(options), await userSession(options)];
    const files = await migrationsOf(here.own);
    const author = { systemUser: null, gitAuthor: null, gitCommit: null, tool: 'test' };
    const of = {
      connection: second,
      environment: 'local',
      folder: here.own.context.project.migrations,
      files,
      author,
    };
    await withLock(first, 'local', async () => {
      await prepareLedger(first);
      expect((await failure(runMigrations(of, 'up', files))).code).toBe('lock_lost');
    });
    await Promise.all([first.close(), second.close()]);
    expect(await rowsOf(database.url, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
    await here.recovers(database);
  });
});
