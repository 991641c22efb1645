// The policy holds db:generate, db:sync and db:push: what it denies is refused before anything runs.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { lint } from '../../lib/commands/lint.ts';
import { push } from '../../lib/commands/push.ts';
import { sync } from '../../lib/commands/sync.ts';
import type { PolicyConfig } from '../../lib/config/policy.ts';
import type { Workspace } from '../../lib/project/workspace.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const forced = { yes: true, force: true } as const;
const old = 'create table users (id int primary key, name text, note text);';
let cache: string;
let own: Project;
let database: Database;

beforeAll(async () => {
  cache = await freshCache();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(old);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const under = (policy: PolicyConfig): Workspace => derive(own.context, { policy });

const columns = async () => {
  const sql = `select attname::text as name from pg_attribute where attrelid = 'users'::regclass and attnum > 0
    and not attisdropped order by attnum`;
  return (await rowsOf(database.url, sql)).map(({ name }) => name);
};

/** The database with the old schema and rows; the wanted one has a bigint, and no note. */
async function changed(): Promise<void> {
  await sync(own.context, forced, undefined);
  await rowsOf(
    database.url,
    `insert into users select n, 'x', repeat('y', 100) from generate_series(1, 5000) n`,
  );
  own.want('create table users (id bigint primary key, name text);');
}

test('db:generate writes nothing that the policy denies, and names the comment that allows it', async () => {
  await generate(own.context);
  own.want('create table users (id int primary key, name text);');
  const refused = await failure(generate(under({ deletes_data: 'deny' })));
  expect(refused).toMatchObject({ code: 'policy_denied', exitCode: 1 });
  expect(refused.message).toContain('deletes_data: ALTER TABLE public.users DROP COLUMN note');
  expect(refused.hint).toContain("'-- pgmage:allow deletes_data public.users.note'");
  expect(own.files()).toHaveLength(1);
  own.want('-- pgmage:allow deletes_data users.note\ncreate table users (id int primary key, name text);');
  expect((await generate(under({ deletes_data: 'deny' }))).written).toHaveLength(1);
});

test('db:sync is refused before anything is written or run, by the size of the table', async () => {
  await changed();
  const sized = (over: string): PolicyConfig => ({ rewrites_table: { over, level: 'deny' } });
  const refused = await failure(sync(under(sized('100kB')), forced, undefined));
  expect(refused.code).toBe('policy_denied');
  expect(refused.message).toMatch(/rewrites_table: ALTER TABLE .* TYPE bigint.* \(users: [\d,]+ kB\)/);
  expect(own.files()).toHaveLength(1);
  expect(await columns()).toEqual(['id', 'name', 'note']);
  const dry = await failure(sync(under(sized('100kB')), { ...forced, dryRun: true }, undefined));
  expect(dry.code).toBe('policy_denied');

  const { applied, policy } = await sync(under(sized('1GB')), forced, undefined);
  expect([applied?.length, policy]).toEqual([1, []]);
  expect(await columns()).toEqual(['id', 'name']);
});

test('a level without a size refuses or warns for a table of any size', async () => {
  await changed();
  const refused = await failure(
    sync(under({ rewrites_table: { level: 'deny' }, deletes_data: 'allow' }), forced, undefined),
  );
  expect(refused).toMatchObject({ code: 'policy_denied' });
  expect(refused.message).toContain('rewrites_table: ALTER TABLE');
  const sized = await failure(sync(under({ deletes_data: { over: '100kB' } }), forced, undefined));
  expect(sized.code).toBe('policy_denied');
  expect(await columns()).toEqual(['id', 'name', 'note']);
  const { policy } = await sync(under({ rewrites_table: { level: 'warn' } }), forced, undefined);
  expect(policy).toMatchObject([{ hazard: 'rewrites_table', level: 'warn', table: { name: 'users' } }]);
});

test('db:sync writes no migration that db:generate would not write, also for an empty database', async () => {
  await generate(own.context);
  own.want('create table users (id int primary key, name text);');
  const refused = await failure(sync(under({ deletes_data: 'deny' }), forced, undefined));
  expect(refused.code).toBe('policy_denied');
  expect(own.files()).toHaveLength(1);
  const { applied } = await sync(under({ deletes_data: { over: '1MB', level: 'deny' } }), forced, undefined);
  expect(applied).toHaveLength(2);
});

test('db:sync warns in its plan, and goes on', async () => {
  await changed();
  const { policy } = await sync(under({ deletes_data: 'warn' }), forced, undefined);
  expect(policy).toMatchObject([
    { hazard: 'deletes_data', level: 'warn', object: 'public.users.note', table: { name: 'users' } },
  ]);
});

test('a comment on the column or the table in the schema allows it', async () => {
  await changed();
  const deny = under({ rewrites_table: 'deny' });
  own.want('create table users (\n  id bigint primary key,\n  name text -- pgmage:allow rewrites_table\n);');
  expect((await failure(sync(deny, forced, undefined))).code).toBe('policy_denied');
  own.want('create table users (\n  id bigint primary key, -- pgmage:allow rewrites_table\n  name text\n);');
  expect((await sync(deny, forced, undefined)).applied).toHaveLength(1);
});

test('what a user wrote into a migration counts, too, and its comment allows the statement below', async () => {
  await sync(own.context, forced, undefined);
  await rowsOf(database.url, `insert into users values (1, 'a', 'b')`);
  const [, file] = [await generate(own.context, { empty: true }), own.files()[1] as string];
  const body = (comment: string) => `-- Up Migration\n\n${comment}\ntruncate users;\n`;
  own.write(file, body(''));
  const deny = under({ deletes_data: 'deny' });
  const refused = await failure(sync(deny, forced, undefined));
  expect(refused).toMatchObject({ code: 'policy_denied' });
  expect(refused.message).toContain('deletes_data: truncate users');
  expect(await rowsOf(database.url, 'select id from users')).toEqual([{ id: 1 }]);
  own.write(file, body('-- pgmage:allow rewrites_table'));
  expect((await failure(sync(deny, forced, undefined))).code).toBe('policy_denied');
  own.write(file, body('-- pgmage:allow deletes_data: only tests wrote there'));
  expect((await sync(deny, forced, undefined)).applied).toHaveLength(1);
  expect(await rowsOf(database.url, 'select id from users')).toEqual([]);
});

test.each([
  'do $$ begin drop table users; create table users (id int primary key, name text, note text); end $$;',
  `do $$ begin execute format('delete from %I', 'users'); end $$;`,
  `create function wipe() returns void language sql as 'delete from users'; select wipe(); drop function wipe();`,
])('db:sync refuses what a block or a routine of a migration deletes: %s', async (sql) => {
  await sync(own.context, forced, undefined);
  await rowsOf(database.url, `insert into users values (1, 'a', 'b')`);
  await generate(own.context, { empty: true });
  own.write(own.files()[1] as string, `-- Up Migration\n\n${sql}\n`);
  expect((await failure(sync(under({ deletes_data: 'deny' }), forced, undefined))).code).toBe(
    'policy_denied',
  );
  expect(await rowsOf(database.url, 'select id from users')).toEqual([{ id: 1 }]);
});

/** A sealed migration with these statements, which lead to the schema. */
async function sealed(sql: string, schema: string): Promise<void> {
  await generate(own.context, { empty: true });
  own.write(own.files().at(-1) as string, `-- Up Migration\n\n${sql}\n`);
  own.want(`${old} ${schema}`);
  await generate(own.context);
}

test.each([
  [
    'create table logs (note text);',
    'alter table logs rename to old_logs; truncate old_logs;',
    'deletes_data',
    'truncate old_logs',
  ],
  ['create index i on users (name);', 'drop index i;', 'blocks_writes', 'drop index i'],
  ['', 'truncate users;', 'deletes_data', 'truncate users (users: '],
] as const)(
  'a sealed migration is judged, also what has no size: %s%s',
  async (before, sql, hazard, shown) => {
    own.want(`${old} ${before}`);
    await sync(own.context, forced, undefined);
    await sealed(sql, before.startsWith('create table') ? 'create table old_logs (note text);' : '');
    const refused = await failure(sync(under({ [hazard]: 'deny' }), forced, undefined));
    expect(refused).toMatchObject({
      code: 'policy_denied',
      message: expect.stringContaining(`${hazard}: ${shown}`),
    });
  },
);

test('a table that an earlier pending migration creates has no rows', async () => {
  await sync(own.context, forced, undefined);
  const fresh = 'create table fresh (a text);';
  await sealed(fresh, fresh);
  await sealed('truncate fresh;', fresh);
  const { applied } = await sync(under({ deletes_data: 'deny' }), forced, undefined);
  expect(applied).toHaveLength(2);
});

test('a statement without hazards that db:generate wrote itself is not one of a user', async () => {
  own.want(old.replace('name text', 'name varchar(10)'));
  await generate(own.context);
  own.want(old);
  const { written } = await generate(under({ rewrites_table: 'deny', blocks_writes: 'deny' }));
  expect(written).toHaveLength(1);
  expect((await sync(under({ rewrites_table: 'deny' }), forced, undefined)).applied).toHaveLength(2);
});

test('db:push is refused likewise', async () => {
  await push(own.context, { yes: true }, undefined);
  own.want('create table users (id int primary key, name text);');
  const refused = await failure(push(under({ deletes_data: 'deny' }), forced, undefined));
  expect(refused.code).toBe('policy_denied');
  expect(await columns()).toEqual(['id', 'name', 'note']);
  await push(under({ deletes_data: { over: '1GB', level: 'deny' } }), forced, undefined);
  expect(await columns()).toEqual(['id', 'name']);
});

test('db:lint tells of it before there is a migration; with a target by its sizes and pending migrations', async () => {
  await changed();
  const policy: PolicyConfig = { deletes_data: 'deny', rewrites_table: { over: '100kB', level: 'deny' } };
  const without = await lint(under(policy));
  const hazards = ({ findings }: typeof without) =>
    findings.filter(({ rule }) => /_data$|_table$/.test(rule)).map(({ rule, level }) => `${level} ${rule}`);
  expect(hazards(without).sort()).toEqual(['deny deletes_data', 'warn rewrites_table']);
  const sized = await lint(under(policy), { env: 'local' });
  expect(hazards(sized).sort()).toEqual(['deny deletes_data', 'deny rewrites_table']);
  expect(sized.files).toEqual(['schema.sql']);
  expect(without.files).toHaveLength(2);
});

test('rules of the project are functions of the wanted schema and the next statements', async () => {
  await generate(own.context);
  own.want('create table users (id int primary key, name text);\ncreate table logs (id bigint primary key);');
  const policy: PolicyConfig = {
    rules: {
      bigint_keys: 'allow',
      logged: ({ tables, facts, steps }) => [
        ...tables
          .filter(({ columns: all }) => all.every(({ name }) => name !== 'name'))
          .map(({ name }) => ({
            object: name,
            message: `no name among ${facts.length > 3 ? 'many' : 'few'} objects`,
          })),
        ...steps
          .filter(({ hazards }) => hazards.includes('deletes_data'))
          .map(({ sql }) => ({ message: sql })),
      ],
      required_columns: { columns: ['id', 'made_at'] },
    },
  };
  const { findings, denied } = await lint(under(policy));
  expect(findings.map(({ rule, level, where, message }) => [rule, level, where?.line, message])).toEqual([
    ['required_columns', 'deny', 1, 'The table has no column made_at'],
    ['required_columns', 'deny', 2, 'The table has no column made_at'],
    ['logged', 'deny', 2, 'no name among many objects'],
    ['logged', 'deny', undefined, 'ALTER TABLE public.users DROP COLUMN note'],
  ]);
  expect(denied).toBe(4);
  const broken = await failure(lint(under({ rules: { mine: () => JSON.parse('{') } })));
  expect(broken).toMatchObject({ code: 'bad_config' });
  const idle = await failure(lint(under({ rules: { required_columns: 'deny' } })));
  expect(idle).toMatchObject({ code: 'bad_config', message: expect.stringContaining('columns') });
  const unknown = await failure(lint(under({ rules: { primary_keys: 'deny' } })));
  expect(unknown.message).toContain('did you mean primary_key?');
});

test('the ready rules over tables, each both ways', async () => {
  const rules = async (sql: string) => {
    own.want(sql);
    const { findings } = await lint(own.context);
    return findings.map(({ rule, object }) => `${rule} ${object}`);
  };
  expect(await rules('create table a (b bigint);')).toEqual(['primary_key public.a']);
  const base = 'create table a (b bigint primary key, c bigint);';
  expect(await rules(`${base} create table d (e bigint primary key, f bigint references a);`)).toEqual([
    'foreign_key_indexed public.d.f',
  ]);
  const key = 'create table d (e bigint primary key references a, "F" bigint references a, g bigint);';
  const naming = 'naming public.d';
  expect(await rules(`${base} ${key}`)).toEqual(['foreign_key_indexed public.d."F"', naming]);
  expect(await rules(`${base} ${key} create index i on d ("F" desc, g);`)).toEqual([naming]);
  expect(await rules(`${base} ${key} create index i on d (g, "F");`)).toHaveLength(2);
  expect(await rules(`${base} ${key} create index i on d (abs("F"));`)).toHaveLength(2);
  expect(await rules(`${base} ${key} create index i on d ("F") where g > 0;`)).toHaveLength(2);
  expect(
    await rules(`create table p (a bigint primary key) partition by list (a);
      create table q partition of p for values in (1);`),
  ).toEqual([]);
});
