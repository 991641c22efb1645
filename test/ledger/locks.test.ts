// Locks that others hold, and online pieces that break off half-way: what is told, what is left, and how it
// goes on.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import type { Problem } from '../../lib/problem/problem.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { type Project, projectWithShadow } from '../project/project.ts';
import { type Database, rowsOf, withDatabase } from '../servers/databases.ts';
import { isTurnOf, servers } from '../servers/running.ts';
import { userSession } from '../servers/session.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const yes = { yes: true, force: true };
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

const step = () => sync(context, yes, undefined);
const same = async () => (await compare(context, 'local', context.project.schema)).same;
const outcomes = () =>
  rowsOf<{ outcome: string }>(url, 'select outcome from pgmage.audit order by id').then((rows) =>
    rows.map(({ outcome }) => outcome),
  );
const invalid = `select indexrelid::regclass::text as name from pg_index where not indisvalid`;

async function start(database: Database, schema: string, rows: string): Promise<void> {
  url = database.url;
  told = [];
  own.want(schema);
  await step();
  await rowsOf(url, rows);
}

// A session that does something and stays in its transaction, until it is ended.
async function holding(sql: string): Promise<() => Promise<void>> {
  const session = await userSession({ url, applicationName: 'the holder' });
  await session.execute(`begin; ${sql}`);
  return () => session.close();
}

// Ends the session that builds an index, once it waits for the transactions that are older.
async function killBuilder(): Promise<void> {
  const builder = `select pid from pg_stat_progress_create_index where phase like 'waiting%'`;
  await vi.waitFor(async () => expect(await rowsOf(url, builder)).toHaveLength(1), 60_000);
  await rowsOf(url, `select pg_terminate_backend(pid, 5000) from (${builder}) b`);
}

const users = 'create table users (id bigint, email text';
const rows = `insert into users values (1, 'a'), (2, 'b')`;
const ends = servers().filter((_, at, all) => at === 0 || at === all.length - 1);
const chosen = ends.filter((server) => isTurnOf(server, 1, ends));

describe.each(chosen.map((server) => [server.major, server] as const))('PostgreSQL %s', (_, server) => {
  test('a lock that is not to be had: nothing is changed, and it is told who has it', async () => {
    await withDatabase(server, async (database) => {
      await start(database, `${users});`, rows);
      const end = await holding('lock table users in access exclusive mode');
      own.want(`${users}, note text);`);
      const problem = (await failure(step())) as Problem<'lock_unavailable'>;
      expect(problem.code).toBe('lock_unavailable');
      expect(problem.data).toMatchObject({
        tries: 5,
        lockTimeout: 200,
        lock: 'ACCESS EXCLUSIVE on users',
        holders: [{ applicationName: 'the holder', state: 'idle in transaction', pid: expect.any(Number) }],
      });
      expect(problem.message).toMatch(/ACCESS EXCLUSIVE on users .* held by session \d+ \(the holder, role /);
      const retries = told.filter((line) => line.includes('follows in'));
      expect(retries).toHaveLength(4);
      expect(retries.at(-1)).toMatch(
        /^ACCESS EXCLUSIVE on users .*, held by session \d+ \(the holder, role /,
      );
      expect(await outcomes()).toEqual(['done', 'failed']);
      await end();
      expect(await rowsOf(url, `select from information_schema.columns where column_name = 'note'`)).toEqual(
        [],
      );
      expect((await step()).applied).toHaveLength(1);
      expect(await same()).toBe(true);
      await rollback(context, yes, undefined);
    });
  });

  test('a lock that is released meanwhile: its transaction starts again, those before it do not', async () => {
    await withDatabase(server, async (database) => {
      await start(database, `${users});`, rows);
      own.want(`${users}); create table other ();`);
      await generate(context);
      own.want(`${users}, note text); create table other ();`);
      const end = await holding('select from users');
      const done = step();
      await vi.waitFor(() => expect(told.join()).toContain('attempt 3 of 5'), 60_000);
      await end();
      expect((await done).applied).toHaveLength(2);
      expect(await same()).toBe(true);
      expect(await outcomes()).toEqual(['done', 'done', 'done']);
    });
  });

  test('a lock for one of the statements that are committed by themselves', async () => {
    await withDatabase(server, async (database) => {
      await start(database, `${users}); create table notes (by bigint unique);`, rows);
      const end = await holding(`insert into users values (3, 'c')`);
      own.want(`${users}, check (id > 0)); create table notes (by bigint unique);`);
      const problem = await failure(step());
      expect([problem.code, problem.message]).toEqual([
        'lock_unavailable',
        expect.stringContaining('the holder'),
      ]);
      expect(await outcomes()).toEqual(['done', 'begun', 'failed']);
      await end();
      await step();
      expect(await same()).toBe(true);
    });
  });

  test.each(['goes on when the rows are corrected', 'is taken back'])(
    'a unique index that rows do not fit %s',
    async (way) => {
      await withDatabase(server, async (database) => {
        const before = `${users}); create index by_id on users (id);`;
        await start(database, before, rows);
        const wanted = `${users}, unique (email)); create index by_id on users (id, email);`;
        own.want(wanted);
        const late = sync(context, { force: true }, async () => {
          // After the rows were asked.
          await rowsOf(url, `insert into users values (3, 'b')`);
          return true;
        });
        const problem = await failure(late);
        expect([problem.code, problem.message, problem.hint]).toEqual([
          'broke_off',
          expect.stringContaining('could not create unique index'),
          expect.stringMatching(/run db:sync to continue, or db:rollback to undo it/),
        ]);
        expect(problem.where?.text).toContain('CREATE UNIQUE INDEX CONCURRENTLY users_email_key');
        expect(await rowsOf(url, invalid)).toEqual([{ name: 'users_email_key' }]);
        expect((await failure(step())).code).toBe('rows_in_the_way');
        if (way === 'is taken back') {
          await rollback(context, yes, undefined);
          own.want(before);
        } else {
          await rowsOf(url, 'delete from users where id = 3');
          await step();
        }
        expect(await same()).toBe(true);
        expect(await rowsOf(url, invalid)).toEqual([]);
        for (const file of own.files().slice(1)) if (way === 'is taken back') own.remove(file);
        expect((await step()).applied).toEqual([]);
      });
    },
  );

  // The index fails, so that the rename is done already when it goes on; and the other way round. The block
  // could correct the rows, so the failure is not certain beforehand.
  const [block, index] = ['do $$ begin perform 1; end $$;', 'create unique index one on users'];
  test.each([
    ['done', `alter table users rename email to mail; ${block} ${index} (mail);`],
    ['left', `${block} ${index} (email); alter table users rename email to mail;`],
  ])('a rename that is %s when its migration breaks off keeps its rows', async (_how, up) => {
    await withDatabase(server, async (database) => {
      await start(database, `${users});`, `${rows}, (3, 'b')`);
      await generate(context, { empty: true, name: 'rename' });
      const file = own.files().at(-1) as string;
      own.write(
        file,
        `-- Transaction: none\n-- Up Migration\n${up}\n-- Down Migration\ndrop index one; alter` +
          ` table users rename mail to email;\n`,
      );
      own.want('create table users (id bigint, mail text); create unique index one on users (mail);');
      const stopped = await failure(sync(context, { yes: true }, undefined));
      expect([stopped.code, stopped.message]).toEqual(['broke_off', expect.stringContaining('one')]);
      await rowsOf(url, 'delete from users where id = 3');
      await sync(context, { yes: true }, undefined);
      expect(await same()).toBe(true);
      expect(await rowsOf(url, 'select mail from users order by id')).toEqual([{ mail: 'a' }, { mail: 'b' }]);
    });
  });

  test.each([
    ['new', `${users});`],
    ['changed', `${users}); create index by_email on users (email, id);`],
  ])('a session that dies while it builds a %s index', async (_how, schema) => {
    await withDatabase(server, async (database) => {
      await start(database, schema, rows);
      const end = await holding(`update users set email = 'c' where id = 1`);
      own.want(`${users}); create index by_email on users (email);`);
      const [problem] = await Promise.all([failure(step()), killBuilder()]);
      expect(problem.code).toBe('connection_lost');
      expect(await rowsOf(url, invalid)).toHaveLength(1);
      await end();
      await step();
      expect(await same()).toBe(true);
      expect(await rowsOf(url, invalid)).toEqual([]);
    });
  });
});
