// Whatever happens in the middle, the schema is as some recorded step left it, and the next db:sync ends at the schema.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run } from '../lib/ledger/applying.ts';
import { withLock } from '../lib/ledger/lock.ts';
import { prepareLedger } from '../lib/ledger/tables.ts';
import { compare } from '../lib/operations/comparison.ts';
import type { Context } from '../lib/operations/context.ts';
import { generate } from '../lib/operations/generation.ts';
import { sync } from '../lib/operations/sync.ts';
import { connect } from '../lib/pg/connect.ts';
import { Problem } from '../lib/problem.ts';
import { failure } from './failure.ts';
import { faulty } from './migration/faulty.ts';
import { migrationsOf, type Project, project } from './migration/project.ts';
import { type Database, rowsOf, withDatabase } from './servers/databases.ts';
import { anyServer } from './servers/running.ts';

vi.setConfig({ testTimeout: 900_000, hookTimeout: 300_000 });

const server = anyServer();
// Every statement is struck by `npm run faults`; otherwise some, for they are a process or a session each.
const all = process.env.PGMAGE_FAULTS === 'all';
const yes = { yes: true, force: true };
const victim = join(import.meta.dirname, 'migration/victim.ts');
let cache: string;
let own: Project;

// Transactions, and a piece of two statements outside of any between them.
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'pgmage-faults-'));
  own = project(null, cache);
  own.want(`create type mood as enum ('sad'); create table users (id bigint primary key);`);
  await generate(own.context);
  own.want(`create type mood as enum ('sad', 'ok', 'glad');
    create table users (id bigint primary key, mood mood default 'glad'); create index on users (mood);`);
  await generate(own.context);
  expect(own.files()).toHaveLength(3);
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});

const at = ({ url }: Database): Context => ({
  ...own.context,
  environment: async () => ({ name: 'local', url, protected: false }),
});

// The ledger agrees with the schema, or sync would refuse; afterwards it is whole.
async function recovers(database: Database): Promise<void> {
  await sync(at(database), yes, undefined);
  expect((await compare(at(database), 'local', own.context.schema)).same).toBe(true);
  expect(await rowsOf(database.url, 'select name from pgmage.schema_migrations')).toHaveLength(3);
}

async function applyAll(database: Database, direction: 'up' | 'down', strikeAt: number): Promise<boolean> {
  const plain = await connect({ url: database.url, applicationName: 'pgmage tests' });
  const [me] = await plain.rows<{ pid: number }>('select pg_backend_pid() as pid');
  let struck = false;
  const connection = faulty(plain, strikeAt, async () => {
    struck = true;
    await rowsOf(server.url(), `select pg_terminate_backend(${me?.pid}, 5000)`);
  });
  const files = await migrationsOf(own);
  const author = { systemUser: null, gitAuthor: null, gitCommit: null, tool: 'test' };
  const of = { connection, environment: 'local', folder: own.context.migrations, files, author };
  const work = withLock(connection, 'local', async () => {
    await prepareLedger(connection);
    await (direction === 'up' ? run(of, 'up', files) : run(of, 'down', [...files].reverse()));
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
    for (let strikeAt = 0, going = true; going; trials++, strikeAt += all ? 1 : 4) {
      going = await withDatabase(server, async (database) => {
        if (way === 'down') await recovers(database);
        const struck = await applyAll(database, way, strikeAt);
        await recovers(database);
        return struck;
      });
    }
    process.stdout.write(`${trials} sessions terminated on the way ${way}\n`);
    expect(trials).toBeGreaterThan(all ? 15 : 3);
  },
);

test.each(['up', 'down'] as const)('the process is killed at each statement on the way %s', async (way) => {
  let trials = 0;
  for (let strikeAt = 0, going = true; going; trials++, strikeAt += all ? 1 : 8) {
    going = await withDatabase(server, async (database) => {
      if (way === 'down') await recovers(database);
      const words = ['--import', 'tsx', victim, database.url, own.context.migrations, way, String(strikeAt)];
      const { signal, status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      if (signal === null) expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      // The server notices that its client is gone when it wants to read from it.
      const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
      await vi.waitFor(async () => expect(await rowsOf(database.url, others)).toEqual([]), 10_000);
      await recovers(database);
      return signal === 'SIGKILL';
    });
  }
  process.stdout.write(`${trials} processes killed on the way ${way}\n`);
  expect(trials).toBeGreaterThan(all ? 15 : 3);
});

test('two at once: one waits or is refused, and nothing is done twice', async () => {
  for (let round = 0; round < 4; round++)
    await withDatabase(server, async (database) => {
      const both = await Promise.allSettled([
        sync({ ...at(database) }, yes, undefined),
        sync({ ...at(database) }, yes, undefined),
      ]);
      const refused = both.flatMap((one) =>
        one.status === 'rejected' ? [(one.reason as Problem).code] : [],
      );
      expect(refused.length).toBeLessThan(2);
      expect(refused.filter((code) => code !== 'migration_running')).toEqual([]);
      await recovers(database);
      expect(await rowsOf(database.url, `select from pgmage.audit where outcome = 'done'`)).toHaveLength(3);
    });
});

test('while the lock is held by node-pg-migrate or anybody else, nothing is done', async () => {
  await withDatabase(server, async (database) => {
    const other = await connect({ url: database.url, applicationName: 'pgmage tests' });
    await other.execute('select pg_advisory_lock(7241865325823964)');
    expect((await failure(sync(at(database), yes, undefined))).code).toBe('migration_running');
    expect(await rowsOf(database.url, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
    await other.close();
    await recovers(database);
  });
});

test('where a pooler gives the transaction another session than the lock, nothing is done', async () => {
  await withDatabase(server, async (database) => {
    const options = { url: database.url, applicationName: 'pgmage tests' };
    const [first, second] = [await connect(options), await connect(options)];
    const files = await migrationsOf(own);
    const author = { systemUser: null, gitAuthor: null, gitCommit: null, tool: 'test' };
    const of = { connection: second, environment: 'local', folder: own.context.migrations, files, author };
    await withLock(first, 'local', async () => {
      await prepareLedger(first);
      expect((await failure(run(of, 'up', files))).code).toBe('lock_lost');
    });
    await Promise.all([first.close(), second.close()]);
    expect(await rowsOf(database.url, `select to_regclass('users') as users`)).toEqual([{ users: null }]);
    await recovers(database);
  });
});
