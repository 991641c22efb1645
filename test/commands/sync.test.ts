// A database is brought to the wanted schema and back by its migrations, on every server and in the embedded
// database.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { readAhead } from '../../lib/migrate/read-ahead.ts';
import { readSoundState, recheckSoundState } from '../../lib/migrate/target-state.ts';
import { withTarget } from '../../lib/project/source.ts';

import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { migrationsOf, type Project, withProject } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer, servers } from '../servers/running.ts';
import { startServer } from '../servers/server.ts';
import { userSession } from '../servers/session.ts';

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true, force: true };
const step = (own: Project) => sync(own.context, yes, undefined);
const same = async (own: Project, to = own.context.project.schema) =>
  (await compare(own.context, 'local', to)).same;

const schemas = [
  `create type mood as enum ('sad'); create table users (id bigint primary key, mood mood);`,
  `create type mood as enum ('sad', 'ok'); create table users (id bigint primary key, mood mood default 'ok',
    note text);
   create function f() returns bigint language sql as 'select count(*) from users';`,
  `create type mood as enum ('sad', 'ok'); create table users (id bigint primary key, mood mood default 'ok',
    note text);
   create function f() returns bigint language sql as 'select count(*) from users'; create view v as
   select note from users;`,
];

async function walk(own: Project, rows: (sql: string) => Promise<unknown[]>) {
  const applied: number[] = [];
  for (const schema of schemas) {
    own.want(schema);
    const report = await step(own);
    expect(report.pending.map(({ name }) => name)).toEqual(report.applied);
    applied.push(report.applied?.length ?? 0);
    expect(await same(own)).toBe(true);
    if (applied.length === 1) await rows('insert into users select 1');
  }
  expect(applied).toEqual([1, 2, 1]);
  expect((await step(own)).applied).toEqual([]);
  const names = await rows('select name, version, checksum from pgmage.schema_migrations order by id');
  expect(names).toHaveLength(4);
  const [first] = own.files();
  await rollback(own.context, { ...yes, version: first?.slice(0, 17) as string }, undefined);
  expect(await rows('select id::text from users')).toEqual([{ id: '1' }]);
  expect(await rows('select name from pgmage.schema_migrations')).toHaveLength(1);
  expect((await step(own)).applied).toHaveLength(3);
  expect(await same(own)).toBe(true);
  await rollback(own.context, { ...yes, version: '0' }, undefined);
  expect(await same(own, 'empty')).toBe(true);
  const deeds = await rows('select direction, outcome from pgmage.audit order by id');
  const count = (direction: string) =>
    deeds.filter((deed) => (deed as { direction: string }).direction === direction).length;
  // Those outside of a transaction are told of twice.
  expect([count('up'), count('down')]).toEqual([4 + 1 + 3 + 1, 3 + 4]);
}

test.each(servers())('up, back to the middle, up, and back to nothing: $major', async (server) => {
  await withDatabase(server, ({ url }) =>
    withProject(url, cache, (own) => walk(own, (sql) => rowsOf(url, sql))),
  );
});

test('the same in the embedded database', async () => {
  await withProject(null, cache, async (own) => {
    const target = await own.context.world.environment();
    await walk(own, (sql) => withTarget(own.context, target, (connection) => connection.rows(sql)));
  });
});

test('nothing is done without consent, and data is not lost without force', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want(schemas[0] as string);
      expect((await failure(sync(own.context, {}, undefined))).code).toBe('confirmation_needed');
      const shown: string[] = [];
      const declined = await sync(own.context, {}, async (plan) => {
        shown.push(...plan.pending.map(({ text }) => text));
        return false;
      });
      expect(declined.applied).toBeNull();
      expect(shown.join()).toContain('CREATE TABLE public.users');
      expect(() => own.files()).toThrow();
      await sync(own.context, {}, async () => true);
      own.want(`create type mood as enum ('sad'); create table users (id bigint primary key);`);
      const lost = await failure(sync(own.context, { yes: true }, undefined));
      expect([lost.code, lost.message, lost.hint]).toEqual([
        'data_loss_refused',
        'Cannot proceed: would drop data. Use --force flag',
        expect.stringContaining('DROP COLUMN mood'),
      ]);
      expect(own.files()).toHaveLength(1);
      expect((await failure(rollback(own.context, { yes: true }, undefined))).code).toBe('data_loss_refused');
    }),
  );
});

test('what somebody changes while it is asked is noticed, also where he had begun before', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    const other = await userSession({ url, applicationName: 'somebody else' });
    await withProject(url, cache, async (own) => {
      own.want(schemas[0] as string);
      await step(own);
      own.want(schemas[1] as string);
      for (const [begin, at] of [
        ['select 1', 'create table by_hand (a int)'],
        ['begin; create table by_hand (a int)', 'commit'],
      ] as const) {
        await other.execute(begin);
        const meanwhile = async () => {
          await other.execute(at);
          return true;
        };
        const thrown = await failure(sync(own.context, { force: true }, meanwhile));
        expect([thrown.code, JSON.stringify(thrown.data)]).toEqual([
          'drifted',
          expect.stringContaining('by_hand'),
        ]);
        await other.execute('drop table by_hand');
      }
      expect((await sync(own.context, { force: true }, async () => true)).applied).not.toEqual([]);
    });
    await other.close();
  });
});

test('a target is looked at again only where a transaction has ended since', async () => {
  // Of its own, because transactions are counted by the server.
  const server = await startServer(anyServer().major);
  try {
    await withProject(server.url(), cache, async (own) => {
      own.want(schemas[0] as string);
      await step(own);
      const target = await own.context.world.environment();
      const files = await migrationsOf(own);
      await withTarget(own.context, target, async (connection) => {
        const session = { workspace: own.context, connection, target, files };
        const before = await readSoundState(session);
        const now = () => recheckSoundState(session, before);
        expect(await now()).toBe(before);
        await rowsOf(server.url(), 'select from users');
        expect(await now()).toBe(before);
        await rowsOf(server.url(), 'insert into users select 1');
        expect(await now()).not.toBe(before);
        await using ahead = await readAhead(own.context, target);
        const early = await ahead.content;
        const read = () => readSoundState({ ...session, early: ahead.content });
        expect((await read()).actual).toBe(early?.actual);
        await rowsOf(server.url(), 'create table late (id int)');
        expect((await failure(read())).code).toBe('drifted');
      });
    });
  } finally {
    await server.stop();
  }
});

test('the row, the statements and the audit are one transaction', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want('create table a (id int);');
      await step(own);
      const [row] = await rowsOf(
        url,
        `select count(distinct xmin::text) as count from (select xmin from pg_class where relname = 'a'
           union all select xmin from pgmage.schema_migrations union all select xmin from pgmage.audit) x`,
      );
      expect(row).toEqual({ count: '1' });
      // A row that comes from anywhere else has no checksum.
      const bare = `insert into pgmage.schema_migrations (name, run_on) values ('x', now())`;
      await expect(rowsOf(url, bare)).rejects.toThrow('checksum');
      await expect(rowsOf(url, 'update pgmage.audit set outcome = outcome')).rejects.toThrow(
        'never rewritten',
      );
    }),
  );
});

test('a migration that fails changes nothing, and is told with its place', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want('create table a (id int);');
      await step(own);
      own.want('create table a (id int not null); create table b ();');
      const work = sync(own.context, { online: false }, async () => {
        // After the rows were asked.
        await rowsOf(url, 'insert into a values (null)');
        return true;
      });
      const problem = await failure(work);
      const file = own.files()[1] as string;
      expect(problem.where).toMatchObject({ file: `migrations/${file}` });
      const [failed] = await rowsOf(
        url,
        `select migration, detail from pgmage.audit where outcome = 'failed'`,
      );
      expect(failed).toMatchObject({ migration: file.replace('.sql', '') });
      expect(await rowsOf(url, `select to_regclass('b') as b`)).toEqual([{ b: null }]);
      await rowsOf(url, 'delete from a');
      expect((await step(own)).applied).toHaveLength(1);
      expect(await same(own)).toBe(true);
    }),
  );
});

test('plain node-pg-migrate applies the same files, and undoes them', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    withProject(url, cache, async (own) => {
      own.want('create table a (id int); create function f() returns int language sql as $$select 1$$;');
      await generate(own.context);
      own.want('create table a (id int, b text); create view v as select b from a;');
      await generate(own.context);
      own.write('README.md', '# Migrations');
      const program = join(import.meta.dirname, '../../node_modules/node-pg-migrate/bin/node-pg-migrate.js');
      const plain = (...words: string[]) =>
        execFileSync(
          process.execPath,
          [program, ...words, '-m', own.context.project.migrations, '--ignore-pattern', '.*\\.md'],
          {
            cwd: own.context.project.root,
            env: { ...process.env, DATABASE_URL: url },
            stdio: 'pipe',
          },
        );
      const theirs = 'alter table public.pgmigrations set schema';
      plain('up');
      // Their ledger is a table like any other; out of sight, nothing differs.
      await rowsOf(url, `create schema pgmage; ${theirs} pgmage`);
      expect(await same(own)).toBe(true);
      await rowsOf(url, `alter table pgmage.pgmigrations set schema public`);
      plain('down', '2');
      await rowsOf(url, `drop table public.pgmigrations; drop schema pgmage`);
      expect(await same(own, 'empty')).toBe(true);
    }),
  );
});

test('a database that cannot be reached is told before a migration is tried out', () =>
  withDatabase(anyServer(), async ({ url }) => {
    const wrong = Object.assign(new URL(url), { pathname: '/missing' });
    await withProject(wrong.href, cache, async (own) => {
      const told: string[] = [];
      const world = { ...own.context.world, progress: (message: string) => told.push(message) };
      own.want('create table a (id int);');
      const problem = await failure(sync({ ...own.context, world }, yes, undefined));
      expect(problem.code).toBe('missing_database');
      expect(told).toEqual([]);
    });
  }));

test('a role that may not create the schema of the ledger is told the right that it needs', () =>
  withDatabase(anyServer(), async ({ url, name }) => {
    await rowsOf(url, `create role "Weak one" login password 'x'`);
    const weak = Object.assign(new URL(url), { username: 'Weak%20one', password: 'x' });
    try {
      await withProject(weak.href, cache, async (own) => {
        own.want('create table a (id int);');
        expect(await failure(step(own))).toMatchObject({
          code: 'permission_denied',
          hint: expect.stringContaining(`GRANT CREATE ON DATABASE ${name} TO "Weak one";`),
        });
      });
    } finally {
      await rowsOf(url, 'drop role "Weak one"');
    }
  }));
