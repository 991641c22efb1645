// A database that was there before its migrations: its schema becomes the first one, and nothing of it is
// run.

import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { history } from '../../lib/commands/history.ts';
import { pull } from '../../lib/commands/pull.ts';
import { pullDrift } from '../../lib/commands/pull-drift.ts';
import { isSound, status } from '../../lib/commands/status.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { compare } from '../../lib/compare/compare.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

vi.setConfig({ testTimeout: 300_000 });

let cache: string;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));

const yes = { yes: true };
// Before 16, the server names the table of a column also where there is only one.
const ofUsers = anyServer().major < 16 ? 'users.' : '';

// A project with two databases: `local`, which has a schema, and `other`.
async function having(
  schema: string,
  use: (of: { own: Project; url: string; other: string }) => Promise<void>,
): Promise<void> {
  await withDatabase(anyServer(), ({ url }) =>
    withDatabase(anyServer(), async ({ url: other }) => {
      if (schema !== '') await rowsOf(url, schema);
      const environment = async (name = 'local') => ({
        name,
        url: name === 'other' ? other : url,
        protected: false,
      });
      const own = project(url, cache, () => ({ environment }));
      try {
        await use({ own, url, other });
      } finally {
        own.drop();
      }
    }),
  );
}

const users = 'create table users (id bigint primary key, email text); insert into users values (1, $$a$$);';

test('the schema of a database with rows becomes the first migration, and nothing is run', async () => {
  await having(users, async ({ own, url, other }) => {
    const { context } = own;
    const report = await pull(context, { baseline: true }, undefined);
    const [file = ''] = own.files();
    const name = file.replace('.sql', '');
    expect(report).toMatchObject({
      written: [{ file: 'schema.sql' }],
      baseline: { written: [`migrations/${file}`], recorded: [name] },
    });
    expect(file).toMatch(/^\d{17}_baseline\.sql$/);
    expect(await rowsOf(url, 'select email from users')).toEqual([{ email: 'a' }]);
    expect(isSound(await status(context))).toBe(true);
    expect((await verify(context)).sound).toBe(true);
    expect((await history(context)).deeds).toMatchObject([{ outcome: 'baseline', migration: name }]);
    // Once is enough.
    expect((await pull(context, { baseline: true }, undefined)).baseline).toEqual({
      written: [],
      recorded: [],
    });

    own.want(`${readFileSync(context.project.schema, 'utf8')}\ncreate table orders (id bigint);\n`);
    const { written } = await generate(context);
    expect(written).toHaveLength(1);
    expect((await sync(context, yes, undefined)).applied).toEqual([written[0]?.name]);
    // An empty database gets all of it for real.
    expect((await sync(context, { ...yes, env: 'other' }, undefined)).applied).toEqual([
      name,
      written[0]?.name,
    ]);
    expect(await rowsOf(other, 'select * from users')).toEqual([]);
  });
});

test('another database of that schema is recorded by --baseline, and one that differs is refused', async () => {
  await having(users, async ({ own, other }) => {
    const { context } = own;
    await pull(context, { baseline: true }, undefined);
    const to = { ...yes, env: 'other' };
    await rowsOf(other, 'create table users (id bigint primary key, email varchar);');
    const unrecorded = await failure(sync(context, to, undefined));
    expect(unrecorded.code).toBe('unrecorded');
    expect(unrecorded.hint).toContain('db:sync --env other --baseline');
    const refused = await failure(sync(context, { ...to, baseline: true }, undefined));
    expect(refused.message).toContain(
      'other has the schema of no migration. It differs from the nearest one by: changed COLUMN users.email',
    );
    expect((await history(context, { env: 'other' })).deeds).toEqual([]);
    await rowsOf(other, 'alter table users alter email type text');
    own.want(`${readFileSync(context.project.schema, 'utf8')}\ncreate table orders (id bigint);\n`);
    const done = await sync(context, { ...to, baseline: true }, undefined);
    expect([done.recorded.length, done.applied?.length]).toEqual([1, 1]);
    expect((await compare(context, 'other', context.project.schema)).same).toBe(true);
    expect((await sync(context, to, undefined)).applied).toEqual([]);
  });
});

test('--baseline tells what a recorded database has besides', async () => {
  await having(users, async ({ own, url }) => {
    await pull(own.context, { baseline: true }, undefined);
    await rowsOf(url, 'create table orders (id bigint)');
    const refused = await failure(sync(own.context, { ...yes, baseline: true }, undefined));
    expect(refused.code).toBe('no_baseline');
    expect(refused.message).toMatch(/It differs from the nearest one by: added TABLE orders$/);
  });
});

test('a denied new migration is not written by --baseline, and nothing is recorded', async () => {
  await having(users, async ({ own, other }) => {
    await pull(own.context, { baseline: true }, undefined);
    await rowsOf(other, users);
    own.want('create table users (id bigint primary key);');
    const before = own.files();
    const denied = derive(own.context, { policy: { deletes_data: 'deny' } });
    const to = { ...yes, force: true, env: 'other', baseline: true };
    expect((await failure(sync(denied, to, undefined))).code).toBe('policy_denied');
    expect(own.files()).toEqual(before);
    expect((await history(own.context, { env: 'other' })).deeds).toEqual([]);
  });
});

test('a hand-made change is taken into a schema that is as db:pull writes it', async () => {
  await having(users, async ({ own, url }) => {
    const { context } = own;
    await pull(context, { baseline: true }, undefined);
    expect(await pullDrift(context)).toMatchObject({ changes: [], how: null });
    await rowsOf(url, 'alter table users alter email set not null; create index on users (email)');
    expect((await status(context)).record?.drift).toHaveLength(2);
    const taken = await pullDrift(context);
    expect(taken).toMatchObject({ how: 'rewritten', written: ['schema.sql'] });
    expect(readFileSync(context.project.schema, 'utf8')).toContain('  email text NOT NULL,\n');
    expect((await compare(context, 'local', context.project.schema)).same).toBe(true);
    await generate(context);
    expect((await failure(sync(context, yes, undefined))).code).toBe('drifted');
    expect((await sync(context, { ...yes, baseline: true }, undefined)).recorded).toHaveLength(1);
    expect(isSound(await status(context))).toBe(true);
  });
});

test('so is one in the words of another version of the server', async () => {
  const schema = `create extension pg_trgm; ${users}
    create materialized view totals as select email, count(*) as n from users group by email;`;
  await having(schema, async ({ own, url }) => {
    const { context } = own;
    await pull(context, { baseline: true }, undefined);
    const before = readFileSync(context.project.schema, 'utf8');
    await rowsOf(url, 'alter table users add age integer');
    expect(await pullDrift(context)).toMatchObject({ how: 'rewritten', written: ['schema.sql'] });
    const after = readFileSync(context.project.schema, 'utf8');
    expect(after.replace('  age integer,\n', '')).toBe(before);
  });
});

test('a schema that somebody wrote is only added to', async () => {
  const mine = '-- Mine.\ncreate table users (\n  id bigint primary key, -- the number\n  email text\n);\n';
  await having(users, async ({ own, url }) => {
    const { context } = own;
    own.want(mine);
    await pull(context, { baseline: true }, undefined);
    // It says the same already.
    expect(readFileSync(context.project.schema, 'utf8')).toBe(mine);
    await rowsOf(url, 'create view v as select id from users');
    // What is to come besides stays to come.
    own.want(`${mine}create table orders ();\n`);
    expect(await pullDrift(context)).toMatchObject({ how: 'appended', written: ['schema.sql'] });
    expect(readFileSync(context.project.schema, 'utf8')).toBe(
      `${mine}create table orders ();\n\n-- Taken from local by db:pull --drift.\n\nCREATE VIEW` +
        ` public.v AS\n SELECT ${ofUsers}id\n   FROM public.users;\n`,
    );
    await rowsOf(url, 'alter table users alter email set not null');
    const before = readFileSync(context.project.schema, 'utf8');
    const refused = await pullDrift(context);
    expect(refused.how).toBeNull();
    expect(refused.statements).toContain('ALTER TABLE public.users ALTER COLUMN email SET NOT NULL');
    expect(readFileSync(context.project.schema, 'utf8')).toBe(before);
  });
});

test('a database that has extensions and nothing else is recorded', async () => {
  await having('create extension hstore', async ({ own }) => {
    const { baseline } = await pull(own.context, { baseline: true }, undefined);
    expect(baseline?.recorded).toEqual(own.files().map((file) => file.replace('.sql', '')));
    expect(baseline?.recorded).toHaveLength(1);
    expect(isSound(await status(own.context))).toBe(true);
  });
});
