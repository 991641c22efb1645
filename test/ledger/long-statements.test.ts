// Statements that take long: what they wait for, who stops them, and what an end of pgmage leaves.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { history } from '../../lib/commands/history.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { type Project, projectWithShadow } from '../project/project.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const server = anyServer();
const yes = { yes: true, force: true };
const told: string[] = [];
const undos = new Set<() => Promise<unknown>>();
let own: Project;
let context: Workspace;
let drop: () => Promise<void>;
let url: string;

beforeAll(async () => {
  ({ own, context, drop } = await projectWithShadow(() => url, {
    lockTimeout: 200,
    progress: (message) => void told.push(message),
    onInterrupt: (undo) => {
      undos.add(undo);
      return () => undos.delete(undo);
    },
  }));
});
afterAll(() => drop());
afterEach(() => {
  for (const file of own.files()) own.remove(file);
  told.length = 0;
});

const users = 'create table users (id bigint, email text';
const step = () => sync(context, yes, undefined);

async function start(database: Database, schema = `${users});`): Promise<void> {
  url = database.url;
  own.want(schema);
  await step();
  await rowsOf(url, `insert into users values (1, 'a'), (2, 'b')`);
}

async function holding(sql: string): Promise<() => Promise<void>> {
  const session = await userSession({ url, applicationName: 'the holder' });
  await session.execute(`begin; ${sql}`);
  return () => session.close();
}

test('an index that waits for an older transaction says for which session', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    const end = await holding(`insert into users values (3, 'c')`);
    own.want(`${users}); create index by_email on users (email);`);
    const done = step();
    const waits = () =>
      expect(told.join('\n')).toMatch(
        /CREATE INDEX CONCURRENTLY by_email: waiting for session \d+ \(the holder, role \w+, idle in transaction, /,
      );
    await vi.waitFor(waits, 30_000);
    await end();
    expect((await done).applied).toHaveLength(1);
    expect(told.filter((line) => line.includes('waiting for session'))).toHaveLength(1);
    const { deeds } = await history(context);
    expect(deeds.slice(-2).map(({ outcome, milliseconds }) => [outcome, milliseconds])).toEqual([
      ['begun', null],
      ['done', expect.any(Number)],
    ]);
  });
});

test('a statement_timeout of the database stops no statement that blocks nobody', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    await rowsOf(server.url(), `alter database ${database.name} set statement_timeout = '300ms'`);
    const end = await holding(`insert into users values (3, 'c')`);
    own.want(`${users}); create index by_email on users (email);`);
    const done = step();
    setTimeout(() => void end(), 2_000);
    expect((await done).applied).toHaveLength(1);
    expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
  });
});

test('a timeout that a migration sets for itself is kept', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    own.want(`${users}); create index by_email on users (email);`);
    own.write(
      '20270101000000000_by_hand.sql',
      `-- Transaction: none\n-- Up Migration\nset statement_timeout = '1s';\n` +
        'create index concurrently by_email on users (email);\n-- Down Migration\ndrop index by_email;\n',
    );
    const end = await holding(`insert into users values (3, 'c')`);
    const problem = await failure(step());
    await end();
    expect([problem.code, problem.hint]).toEqual([
      'broke_off',
      'Its committed statements remain. Raise the statement_timeout of the role, if that stopped it.' +
        ' Then run db:sync to continue, or db:rollback to undo it.',
    ]);
  });
});

test('a timeout of the URL is kept, as an operator gives it to one run', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    url = `${database.url}?options=-c%20statement_timeout%3D1s`;
    own.want(`${users}); create index by_email on users (email);`);
    const end = await holding(`set statement_timeout = 0; insert into users values (3, 'c')`);
    const release = setTimeout(() => void end(), 5_000);
    const problem = await failure(step());
    clearTimeout(release);
    await end();
    expect(problem.code).toBe('broke_off');
  });
});

test('a lock that a file waits for half-way: the ways out are those of the file', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    const end = await holding(`insert into users values (3, 'c')`);
    own.want(`${users}, check (id > 0));`);
    const { code, hint } = await failure(step());
    await end();
    expect([code, hint]).toEqual([
      'lock_unavailable',
      expect.stringMatching(
        /^\d+_\S+ may be half-way: .* run db:sync to continue, or db:rollback to undo it\./,
      ),
    ]);
  });
});

test('a migration that another session keeps from running names that session', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    const end = await holding('select pg_advisory_lock(7241865325823964)');
    own.want(`${users}, note text);`);
    expect((await failure(step())).message).toMatch(/is running in session \d+ \(the holder, role \w+, /);
    await end();
  });
});

test('an interrupt ends the statement on the server, and says what is half-way', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    const end = await holding(`insert into users values (3, 'c')`);
    own.want(`${users}); create index by_email on users (email);`);
    const stopped = failure(step());
    await vi.waitFor(() => expect(told.join()).toContain('waiting for session'), 30_000);
    const states = await Promise.all([...undos].map((undo) => undo()));
    expect(states.join(' ')).toMatch(/by_email failed half-way: db:sync continues it, db:rollback undoes it/);
    expect((await stopped).code).toBe('broke_off');
    await end();
    await step();
    expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
  });
});

const working = `select from pg_stat_activity where datname = current_database() and query ~ 'pg_sleep'
  and state = 'active' and pid <> pg_backend_pid()`;

test('the server ends a statement whose pgmage was killed', async () => {
  await withDatabase(server, async (database) => {
    await start(database);
    own.write(
      '20270101000000000_long.sql',
      `-- Up Migration\nlock table users; do $$ begin if current_database() = '${database.name}'\n` +
        `then perform pg_sleep(60); end if; end $$;\n-- Down Migration\nselect 1;\n`,
    );
    writeFileSync(join(context.project.root, '.env'), `DATABASE_URL=${url}\n`);
    const program = join(import.meta.dirname, '../../lib/bin.ts');
    const words = ['--import', import.meta.resolve('tsx'), program, 'db:sync', '--env', 'local', '--yes'];
    const child = spawn(process.execPath, [...words, '--shadow', 'embedded'], {
      cwd: context.project.root,
      stdio: 'ignore',
    });
    await vi.waitFor(async () => expect(await rowsOf(url, working)).toHaveLength(1), {
      timeout: 60_000,
      interval: 200,
    });
    child.kill('SIGKILL');
    await vi.waitFor(async () => expect(await rowsOf(url, working)).toEqual([]), {
      timeout: 5_000,
      interval: 100,
    });
  });
});
