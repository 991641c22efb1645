// Tables that another session has locked, while a command looks at their sizes and rows.
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { describeFinding } from '../../lib/migrate/findings.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { type Project, projectWithShadow } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

let own: Project;
let context: Workspace;
let drop: () => Promise<void>;
let url: string;
let told: string[];

beforeAll(async () => {
  const progress = (message: string) => void told.push(message);
  ({ own, context, drop } = await projectWithShadow(() => url, { lockTimeout: 200, progress }));
});
afterAll(() => drop());
afterEach(() => {
  for (const file of own.files()) own.remove(file);
});

const yes = { yes: true, force: true };
const users = 'create table users (id int primary key, name text)';
const narrow = users.replace('name text', 'name varchar(5)');

// A table with rows, whose lock another session holds while the work runs.
const withLocked = (lock: string, work: (end: () => Promise<void>) => Promise<void>) =>
  withDatabase(anyServer(), async (database) => {
    url = database.url;
    told = [];
    own.want(users);
    await sync(context, yes, undefined);
    await rowsOf(url, `insert into users values (1, 'a'), (2, 'abcdefghi')`);
    await rowsOf(url, 'analyze users');
    const session = await userSession({ url, applicationName: 'the holder' });
    await session.execute(`begin; ${lock}`);
    try {
      await work(() => session.close());
    } finally {
      await session.close();
    }
  });

const exclusive = 'lock table users in access exclusive mode';
const retries = () => told.filter((line) => line.includes('follows in'));

test('db:sync waits for the rows as for its statements, and then names the holder', () =>
  withLocked(exclusive, async () => {
    own.want(narrow);
    const files = own.files();
    const problem = (await failure(sync(context, yes, undefined))) as Problem<'lock_unavailable'>;
    expect(problem.code).toBe('lock_unavailable');
    expect(problem.data).toMatchObject({
      tries: 5,
      lockTimeout: 200,
      lock: 'ACCESS SHARE on users',
      holders: [{ applicationName: 'the holder' }],
    });
    expect(retries()).toHaveLength(4);
    expect(own.files()).toEqual(files);
  }));

test('db:sync goes on when the holder lets go', () =>
  withLocked(exclusive, async (end) => {
    own.want(users.replace('name text', 'name text not null'));
    const done = sync(context, yes, undefined);
    await vi.waitFor(() => expect(told.join()).toContain('attempt 3 of 5'), 60_000);
    await end();
    expect((await done).applied?.length).toBeGreaterThan(0);
  }));

test('db:rollback waits for the rows in the same way', () =>
  withDatabase(anyServer(), async (database) => {
    url = database.url;
    told = [];
    own.want(narrow);
    await sync(context, yes, undefined);
    own.want(narrow.replace('5', '9'));
    await sync(context, yes, undefined);
    await rowsOf(url, `insert into users values (1, 'abcdefghi')`);
    const session = await userSession({ url, applicationName: 'the holder' });
    await session.execute(`begin; ${exclusive}`);
    const problem = await failure(rollback(context, yes, undefined));
    await session.close();
    expect(problem).toMatchObject({ code: 'lock_unavailable', data: { lock: 'ACCESS SHARE on users' } });
    expect(retries()).toHaveLength(4);
  }));

// The lock of a session that only waits for one blocks readers, too.
test.each([
  ['the table', exclusive],
  ['an index of it', 'reindex index users_pkey'],
])('commands that only read do not count rows of %s that is locked, and name the session', (_, lock) =>
  withLocked(lock, async () => {
    own.want(narrow);
    for (const look of [() => difference(context), () => sync(context, { dryRun: true }, undefined)]) {
      const { findings, cautions } = await look();
      const words = findings.map(describeFinding);
      expect(words.length).toBeGreaterThan(0);
      for (const line of words)
        expect(line).toMatch(/: not counted: users is locked by session \d+ \(the holder, role /);
      expect(cautions).toContainEqual(
        expect.objectContaining({
          table: expect.objectContaining({ name: 'users', rows: 2, bytes: expect.any(Number) }),
        }),
      );
      for (const { table } of cautions) expect(table?.bytes).toBeGreaterThan(0);
    }
    expect(told.filter((line) => line.includes('follows in'))).toEqual([]);
  }),
);
