// Of a migration that was edited it is said what differs; comments and blanks can be accepted, anything else
// is refused.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { history } from '../../lib/commands/history.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { verify } from '../../lib/commands/verify.ts';
import { repair } from '../../lib/commands/verify-repair.ts';
import { withTarget } from '../../lib/project/source.ts';
import { digestStatements } from '../../lib/sql/statements-digest.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
const wanted = 'create table t (a int, b int, c int);';
let cache: string;
let own: Project;
let database: Database;
let texts: readonly (readonly [file: string, text: string])[];

beforeAll(async () => {
  cache = await freshCache();
  const first = project(null, cache);
  for (const columns of ['a int', 'a int, b int', 'a int, b int, c int']) {
    first.want(`create table t (${columns});`);
    await generate(first.context, { name: `step ${columns.length}` });
  }
  texts = first.files().map((file) => [file, first.read(file)]);
  first.drop();
});
afterAll(() => rm(cache, { recursive: true }));
beforeEach(async () => {
  database = await freshDatabase(anyServer());
  own = project(database.url, cache);
  own.want(wanted);
  for (const [file, text] of texts) own.write(file, text);
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const file = (at: number) => texts[at]?.[0] as string;
const name = (at: number) => file(at).replace('.sql', '');
const edit = (at: number, from: string | RegExp, to: string) =>
  own.write(file(at), own.read(file(at)).replace(from, to));
const faults = async () =>
  (await verify(own.context)).checks.flatMap((check) => check.faults.map((fault) => `${check.is}: ${fault}`));

test('comments and blanks are accepted, here and in every other environment', async () => {
  await sync(own.context, yes, undefined);
  edit(0, /CREATE TABLE public\.t \(/, '-- why\n/* and how */ create   table public.t\n(');
  expect(await faults()).toEqual([
    `chain: ${name(0)} was edited: it leads to the same schema`,
    `ledger: ${name(0)} was edited after it was applied: only comments or whitespace differ` +
      ' (db:verify --repair accepts that)',
  ]);
  expect((await failure(sync(own.context, yes, undefined))).hint).toContain('run db:verify --repair.');
  expect((await failure(repair(own.context, {}, undefined))).code).toBe('confirmation_needed');
  const declined = await repair(own.context, {}, async ({ edited, files, rows }) => {
    expect([edited, files.length, rows]).toEqual([[name(0)], 3, [name(0), name(1), name(2)]]);
    return false;
  });
  expect(declined.done).toBe(false);
  expect((await repair(own.context, yes, undefined)).done).toBe(true);
  expect(await faults()).toEqual([]);
  expect(own.read(file(0))).toContain('-- why');
  const { deeds } = await history(own.context);
  expect(deeds.slice(3).map(({ migration, outcome, detail }) => [migration, outcome, detail])).toEqual(
    [0, 1, 2].map((at) => [name(at), 'done', expect.stringContaining('only comments or layout differ')]),
  );
  expect((await repair(own.context, yes, undefined)).files).toEqual([]);
  expect((await sync(own.context, yes, undefined)).pending).toEqual([]);
  // Where the files before were applied, their ledger says the same.
  const other = await freshDatabase(anyServer());
  const elsewhere = project(other.url, cache);
  for (const [one, text] of texts) elsewhere.write(one, text);
  elsewhere.want(wanted);
  await sync(elsewhere.context, yes, undefined);
  for (const [one] of texts) elsewhere.write(one, own.read(one));
  const { files, rows } = await repair(elsewhere.context, yes, undefined);
  expect([files.length, rows.length]).toEqual([0, 3]);
  expect((await verify(elsewhere.context)).sound).toBe(true);
  await rollback(elsewhere.context, { yes: true, force: true, version: '0' }, undefined);
  elsewhere.drop();
  await other.drop();
});

test('a migration with an empty way down does not stop a repair', async () => {
  own.write('20270101000000000_fill.sql', '-- Up Migration\ndo $$ begin end $$;\n\n-- Down Migration\n');
  await sync(own.context, { ...yes, force: true }, undefined);
  edit(0, 'CREATE TABLE', '-- why\nCREATE TABLE');
  expect((await repair(own.context, yes, undefined)).done).toBe(true);
  const last = '20270101000000000_fill.sql';
  own.write(last, own.read(last).replace('do ', '-- why\ndo '));
  expect((await faults()).join()).toContain('only comments or whitespace differ');
  expect((await repair(own.context, yes, undefined)).edited).toEqual([last.replace('.sql', '')]);
  expect((await verify(own.context)).sound).toBe(true);
});

test('statements are not', async () => {
  await sync(own.context, yes, undefined);
  edit(1, 'integer', 'bigint');
  expect((await faults()).slice(0, 1)).toEqual([`chain: ${name(1)} was edited: it leads to another schema`]);
  expect((await faults()).join('\n')).toContain('its statements differ (restore the applied text');
  const refused = await failure(repair(own.context, yes, undefined));
  expect([refused.code, refused.message]).toEqual(['repair_refused', expect.stringContaining(name(1))]);
  edit(1, 'bigint', 'integre');
  expect((await verify(own.context).catch(({ message }) => message)) as unknown).toContain('integre');
});

test('of what is not applied, nobody knows what it was', async () => {
  await sync(own.context, yes, undefined);
  await rollback(own.context, { yes: true, force: true }, undefined);
  edit(2, 'ADD COLUMN', 'add column');
  const refused = await failure(repair(own.context, yes, undefined));
  expect(refused.message).toContain(`${name(2)} is not applied to local`);
});

test('what begins or ends a transaction has no place in one', async () => {
  const draft = '20270101000000000_by_hand.sql';
  const sealed = async (text: string) => {
    own.write(draft, text);
    return failure(generate(own.context));
  };
  const problem = await sealed(
    'select 1;\n-- so\n  commit; begin;\n-- Down Migration\n'.replace(/^/, '-- Up Migration\n'),
  );
  expect([problem.code, problem.where?.line, problem.where?.text]).toEqual([
    'bad_migration',
    4,
    '  commit; begin;',
  ]);
  expect(problem.message).toContain('COMMIT is not for a migration that is one transaction');
  expect((await sealed('-- Up Migration\n-- Down Migration\nrollback')).message).toContain('ROLLBACK is not');
  own.write(draft, '-- Transaction: none\n-- Up Migration\nbegin; select 1; commit;\n-- Down Migration\n');
  expect((await generate(own.context)).written).toHaveLength(1);
  own.write('20270101000000001_points.sql', '-- Up Migration\nsavepoint a; release a;\n-- Down Migration\n');
  expect((await generate(own.context)).written).toHaveLength(1);
});

test.each(['server', 'embedded'])(
  'an error without a position points at the statement that failed: %s',
  async (where) => {
    const target = where === 'server' ? own : project(null, cache);
    if (target !== own) for (const [one, text] of texts) target.write(one, text);
    target.want(wanted);
    await sync(target.context, yes, undefined);
    await withTarget(target.context, await target.context.world.environment(), (connection) =>
      connection.execute('insert into public.t select 1'),
    );
    // The block could correct the rows, so the failure is not certain beforehand.
    target.write(
      '20270101000000000_by_hand.sql',
      `-- Up Migration\ncomment on table t is 'a; b';\ndo 'begin perform 1; end';\n\n-- which\n` +
        `alter table t\n  add check (a > 1);\n-- Down Migration\n`,
    );
    target.want(`${wanted} alter table t add check (a > 1); comment on table t is 'a; b';`);
    const problem = await failure(sync(target.context, yes, undefined));
    expect(problem.message).toContain('is violated by some row');
    expect(problem.where?.text).toBe('alter table t');
    if (target !== own) target.drop();
  },
);

test('what SQL means does not depend on its layout', async () => {
  const same = await digestStatements('select a, b from t where a in (1, 2)');
  expect(await digestStatements('SELECT a,/* x */b\nFROM t -- y\nWHERE a IN (1,2);')).toBe(same);
  expect(await digestStatements('select a, b from t where a in (1, 3)')).not.toBe(same);
  expect(await digestStatements(`do 'begin end'`)).not.toBe(await digestStatements(`do 'begin  end'`));
  expect(await digestStatements('select from where')).toBeNull();
  expect(await rowsOf(database.url, 'select 1 as one')).toHaveLength(1);
});
