// Two branches that each bring migrations are merged: the one is put behind the other, or it is said why not.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { compare } from '../../lib/compare/compare.ts';
import { findBreaks } from '../../lib/migration/chain.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { migrationsOf, type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
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
  own.want('create table t (a int);');
  await generate(own.context, { name: 'base' });
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

/** What another person does from here on: each step is a schema, under the name of its migration. */
async function branch(steps: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const theirs = project(null, cache);
  for (const file of own.files()) theirs.write(file, own.read(file));
  for (const [name, schema] of Object.entries(steps)) {
    theirs.want(schema);
    await generate(theirs.context, { name });
  }
  const made = theirs.files().filter((file) => !own.files().includes(file));
  const texts = Object.fromEntries(made.map((file) => [file, theirs.read(file)]));
  theirs.drop();
  return texts;
}

function merge(texts: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(texts)) own.write(file, text);
}

const words = () => own.files().map((file) => file.replace(/^\d+_|\.sql$/g, ''));

test('the later one goes behind the earlier, and both are applied', async () => {
  const mine = await branch({ mine: 'create table t (a int, m int);' });
  const theirs = await branch({
    zzz: 'create table t (a int, z int);',
    last: 'create table t (a int, z int, y int);',
  });
  merge(mine);
  merge(theirs);
  own.want('create table t (a int, m int, z int, y int);');
  const { checks } = await verify(own.context);
  expect(checks.flatMap(({ faults }) => faults).join('\n')).toMatch(
    /_zzz and \d+_mine follow the same migration \(db:generate --rebase/,
  );
  const refused = await failure(sync(own.context, yes, undefined));
  expect([refused.code, refused.message]).toEqual([
    'broken_chain',
    expect.stringContaining('db:generate --rebase'),
  ]);
  const { rebased, written } = await generate(own.context, { rebase: true });
  expect(rebased.map(({ was }) => was.replace(/^\d+_/, ''))).toEqual(['zzz', 'last']);
  expect(written.map(({ down }) => down)).toEqual([{ is: 'exact' }, { is: 'exact' }]);
  expect(words()).toEqual(['base', 'mine', 'zzz', 'last']);
  expect(findBreaks(await migrationsOf(own))).toEqual([]);
  expect((await generate(own.context, { rebase: true })).written).toEqual([]);
  expect((await sync(own.context, yes, undefined)).applied).toHaveLength(4);
  expect((await compare(own.context, 'local', own.context.project.schema)).same).toBe(true);
});

test('what is applied stays, whatever its number', async () => {
  const mine = await branch({ mine: 'create table t (a int, m int);' });
  const theirs = await branch({ theirs: 'create table t (a int, z int);' });
  // Under a later number, where it is a draft again until it is applied.
  const [text = ''] = Object.values(theirs);
  own.write('20270101000000000_theirs.sql', text.slice(text.indexOf('-- Up Migration')));
  own.want('create table t (a int, z int);');
  await sync(own.context, yes, undefined);
  merge(mine);
  own.want('create table t (a int, m int, z int);');
  const { rebased } = await generate(own.context, { rebase: true });
  expect(rebased).toEqual([{ was: expect.stringMatching(/_mine$/), name: expect.stringMatching(/_mine$/) }]);
  expect(rebased[0]?.name).not.toBe(rebased[0]?.was);
  expect(words()).toEqual(['base', 'theirs', 'mine']);
  expect((await sync(own.context, yes, undefined)).applied).toEqual([rebased[0]?.name]);
});

test('what does not apply any more, is applied, or is broken besides is refused', async () => {
  const mine = await branch({ mine: 'create table t (a int, m int);' });
  const theirs = await branch({ theirs: 'create table t (a int, m int, z int);' });
  merge(mine);
  merge(theirs);
  const before = own.files().map(own.read);
  const refused = await failure(generate(own.context, { rebase: true }));
  expect([refused.code, refused.message]).toEqual([
    'rebase_refused',
    expect.stringMatching(
      /Cannot rebase \d+_theirs onto \d+_mine: .*column "m" of relation "t" already exists/,
    ),
  ]);
  expect(refused.where?.text).toContain('ALTER TABLE public.t');
  expect(own.files().map(own.read)).toEqual(before);

  await rowsOf(database.url, 'create table t (a int)');
  const [, first = '', second = ''] = own.files().map((file) => file.replace('.sql', ''));
  await rowsOf(
    database.url,
    `create schema pgmage; create table pgmage.schema_migrations (id int, name text, version text,
      checksum text,
       run_on timestamp, applied_at timestamptz);
     create table pgmage.audit (id int, migration text, version text, direction text, checksum text,
     outcome text,
       at timestamptz, milliseconds int, role text, system_user_name text, git_author text, git_commit text,
       tool text, detail text);
     insert into pgmage.schema_migrations (id, name) values (1, '${first}'), (2, '${second}')`,
  );
  expect((await failure(generate(own.context, { rebase: true }))).message).toContain(
    'it is already applied to local',
  );

  const [file = ''] = Object.keys(theirs);
  own.write(file, own.read(file).replace('integer', 'bigint'));
  expect((await failure(generate(own.context, { rebase: true }))).code).toBe('broken_chain');
});
