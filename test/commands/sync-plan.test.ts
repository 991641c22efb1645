// What db:sync says before it changes anything, and migrations that cannot run.
import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { type SyncPlan, sync } from '../../lib/commands/sync.ts';
import { compare } from '../../lib/compare/compare.ts';
import { syncPlanText, syncText } from '../../lib/report/migrations.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { derive } from '../project/workspace.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

const yes = { yes: true } as const;
const paper = { width: 100, uncut: true, colour: false, now: new Date('2026-01-02') };
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
});
afterEach(async () => {
  own.drop();
  await database.drop();
});

const names = () => own.files().map((file) => file.replace(/^\d+_|\.sql$/g, ''));
const isSame = async () => (await compare(own.context, 'local', own.context.project.schema)).same;

/** Users without a phone, and a sealed migration that wants one. */
async function stuck(): Promise<void> {
  own.want('create table users (id int);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, 'insert into users select generate_series(1, 5)');
  own.want('create table users (id int, phone text not null);');
  await generate(own.context, { name: 'phone' });
}

test('a migration that cannot run is written again after a question, and nothing is stacked behind it', async () => {
  await stuck();
  const path = `migrations/${own.files()[1]}`;
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.code).toBe('rows_in_the_way');
  expect(refused.message).toContain(`${path} would fail on rows of local:\n  5 of 5 rows of users`);
  expect(refused.hint).toContain(`run db:sync --replace: it writes ${path} again`);

  own.want("create table users (id int, phone text not null default '');");
  const before = own.files();
  // Without an answer it is not deleted.
  expect((await failure(sync(own.context, yes, undefined))).code).toBe('rows_in_the_way');
  let plan: SyncPlan | undefined;
  const declined = await sync(own.context, {}, async (shown) => {
    plan = shown;
    return false;
  });
  expect([declined.applied, own.files()]).toEqual([null, before]);
  expect(plan?.replaced).toMatchObject({ files: [path], reason: expect.stringContaining('5 of 5 rows') });
  expect(syncPlanText(plan as SyncPlan, paper)).toContain(
    `Replaces ${path}, which cannot run in local: 5 of 5 rows`,
  );
  const done = await sync(own.context, { name: 'again' }, async () => true);
  expect(done.applied).toHaveLength(1);
  expect(names()).toEqual(['base', 'again']);
  expect(await isSame()).toBe(true);
});

test('--replace does it without a question, also where the schema wants nothing any more', async () => {
  await stuck();
  own.want('create table users (id int);');
  const done = await sync(own.context, { ...yes, replace: true }, undefined);
  expect([done.applied, done.replaced?.files.length]).toEqual([[], 1]);
  expect(names()).toEqual(['base']);
  expect(await isSame()).toBe(true);
});

test('one that failed before is not followed by another', async () => {
  own.want('create table t (a int);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, 'insert into t values (1)');
  own.want('create table t (a int, b int);');
  own.write(
    '20270101000000000_fails.sql',
    '-- Up Migration\nalter table t add b int;\nselect 1 / (count(*) - 1) from t;\n-- Down Migration\nalter table t drop b;\n',
  );
  expect((await failure(sync(own.context, yes, undefined))).message).toContain('division by zero');
  own.want('create table t (a int, c int);');
  const done = await sync(own.context, { name: 'other' }, async ({ replaced }) => {
    expect(replaced).toMatchObject({ files: ['migrations/20270101000000000_fails.sql'] });
    return true;
  });
  expect(done.applied).toHaveLength(1);
  expect(names()).toEqual(['base', 'other']);
  expect(await isSame()).toBe(true);
});

test('--dry-run prints the SQL that runs, and changes nothing', async () => {
  own.want('create table t (a int);');
  await sync(own.context, yes, undefined);
  await rowsOf(database.url, 'insert into t values (1)');
  own.want("create table t (a int); create index i on t (a); create table u (s text default '; --');");
  const before = own.files();
  const dry = await sync(own.context, { dryRun: true }, undefined);
  expect([dry.applied, dry.dryRun, own.files()]).toEqual([null, true, before]);
  expect(await isSame()).toBe(false);
  const sql = syncText(dry, paper);
  expect(sql).toContain('CREATE INDEX CONCURRENTLY i ON public.t');
  // It is the text of the files that are written, and SQL that leads to the same schema.
  const done = await sync(own.context, yes, undefined);
  expect(
    done.pending.map(({ text }) => text.split('-- Up Migration')[1]?.split('-- Down')[0]?.trim()),
  ).toEqual(dry.pending.map(({ text }) => text.split('-- Up Migration')[1]?.split('-- Down')[0]?.trim()));
  const other = await freshDatabase(anyServer());
  await rowsOf(other.url, 'create table public.t (a integer)');
  for (const one of sql.split(/;\n/)) await rowsOf(other.url, one);
  expect((await compare(own.context, other.url, own.context.project.schema)).same).toBe(true);
  await other.drop();
  const refused = await failure(sync(own.context, { dryRun: true, baseline: true }, undefined));
  expect(refused.code).toBe('bad_option');
});

test('roles that the target does not have are found before anything is written, all at once', async () => {
  own.want(`create table t (a int); grant select on t to lists_reader; alter table t owner to lists_owner;
    create policy p on t to lists_policy using (true);`);
  const refused = await failure(sync(own.context, yes, undefined));
  expect([refused.code, refused.message]).toEqual([
    'missing_roles',
    'local does not have the roles lists_owner, lists_policy, lists_reader',
  ]);
  expect(refused.hint).toContain(
    'CREATE ROLE lists_owner; CREATE ROLE lists_policy; CREATE ROLE lists_reader;',
  );
  expect(own.context.project.migrations).toBeTruthy();
  expect(() => own.files()).toThrow(/ENOENT/);
  // What a migration creates itself is there in time.
  own.want('create table t (a int);');
  own.write(
    '20260101000000000_roles.sql',
    `-- Up Migration
do $$begin create role lists_made; exception when duplicate_object then null; end$$;
create table t (a int);
grant select on t to lists_made; revoke select on t from lists_made;
-- Down Migration
drop table t;
`,
  );
  try {
    expect((await sync(own.context, yes, undefined)).applied).toHaveLength(1);
  } finally {
    await rowsOf(database.url, 'drop role if exists lists_made');
  }
});

test('the name of a migration tells a loss of data first', async () => {
  own.want('create table old (a int); create table t (a int, b int);');
  await sync(own.context, yes, undefined);
  own.want('create function f() returns int language sql as $$select 1$$; create table t (a int, b int);');
  await sync(own.context, { ...yes, force: true }, undefined);
  expect(names()[1]).toBe('drop_table_old_and_1_more');
  own.want('create function f() returns int language sql as $$select 1$$; create table t (a int, c int);');
  await sync(own.context, { ...yes, force: true }, undefined);
  expect(names()[2]).toBe('drop_column_t_b_and_1_more');
});

test('a column that may be renamed: the refusal for its rows names the option', async () => {
  own.want('create table users (id int, phone text not null);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, `insert into users values (1, 'x')`);
  own.want('create table users (id int, mobile text not null);');
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.code).toBe('rows_in_the_way');
  expect(refused.hint).toContain('If you renamed an object, pass --rename users.phone=mobile.');
  await sync(own.context, { ...yes, rename: ['users.phone=mobile'] }, undefined);
  expect(await isSame()).toBe(true);
});

test('only renames of the failing statement are offered, alternatives with or', async () => {
  own.want('create table users (id int, phone text, fax text); create table other (a int, b text);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, `insert into users values (1, 'x', 'y'); insert into other values (1, 'z')`);
  own.want('create table users (id int, mobile text not null); create table other (a int, c text);');
  const refused = await failure(sync(own.context, yes, undefined));
  expect(refused.hint).toContain(
    'If you renamed an object, pass --rename users.phone=mobile or --rename users.fax=mobile.',
  );
  const mistyped = await failure(sync(own.context, { ...yes, rename: ['users.phone=mobil'] }, undefined));
  expect(mistyped.message).toContain('no object with the new name. Did you mean mobile?');
});

test.each([true, false])('migrations before one that fails are named, online: %s', async (online) => {
  own.want('create table users (id int, phone text);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, 'insert into users values (1)');
  own.want('create table users (id int, phone text not null);');
  // It could have corrected the rows, so that the failure is not certain.
  own.write(
    '20270101000000000_fill.sql',
    '-- Up Migration\ndo $$ begin end $$;\n-- Down Migration\nselect 1;\n',
  );
  const notes: string[] = [];
  const context = derive(own.context, { note: (message: string) => void notes.push(message) });
  const failed = await failure(sync(context, { ...yes, online }, undefined));
  expect(failed.code).toBe(online ? 'broke_off' : 'unfit_rows');
  expect(notes).toEqual(['Applied 20270101000000000_fill']);
});

test('a migration is named where the next one cannot begin', async () => {
  own.want('create table users (id int);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  own.want('create table users (id int, phone text);');
  own.write(
    '20270101000000000_close.sql',
    `-- Up Migration
do $$ begin if to_regclass('pgmage.audit') is not null then
  execute 'alter table pgmage.audit enable row level security'; end if; end $$;
-- Down Migration
select 1;
`,
  );
  const notes: string[] = [];
  const context = derive(own.context, { note: (message: string) => void notes.push(message) });
  expect((await failure(sync(context, yes, undefined))).code).toBe('ledger_unsafe');
  const applied = 'select name from pgmage.schema_migrations order by id desc limit 1';
  expect(await rowsOf(database.url, applied)).toEqual([{ name: '20270101000000000_close' }]);
  expect(notes).toEqual(['Applied 20270101000000000_close']);
});

test('rows that do not fit a migration are not called invalid SQL', async () => {
  own.want('create table t (a text);');
  await sync(own.context, { ...yes, name: 'base' }, undefined);
  await rowsOf(database.url, `insert into t values ('long'), ('7')`);
  // It writes rows itself, so that they are not counted before.
  const files: [string, RegExp, RegExp][] = [
    [
      'alter table t alter a type int using a::int',
      /invalid input syntax for type integer/,
      /Correct the rows,/,
    ],
    ['alter table t alter a type varchar(3)', /value too long/, /Correct the rows,/],
    [
      'alter table t add b int; alter table t alter b set not null',
      /contains null values/,
      /rows of t, column b,/,
    ],
  ];
  for (const [at, [sql, words, hint]] of files.entries()) {
    const file = `2027010100000000${at}_rows.sql`;
    own.write(file, `-- Up Migration\nupdate t set a = a;\n${sql};\n-- Down Migration\nselect 1;\n`);
    own.want(`create table t (a ${['int', 'varchar(3)', 'text'][at]}${at === 2 ? ', b int not null' : ''});`);
    const failed = await failure(sync(own.context, { ...yes, force: true }, undefined));
    expect([failed.code, failed.message]).toEqual(['unfit_rows', expect.stringMatching(words)]);
    // Below its header.
    expect(failed.message).toMatch(new RegExp(`^Rows of local do not fit migrations/${file} at line \\d+: `));
    expect(failed.where?.text).toContain(sql.split(' ')[3]);
    expect(failed.hint).toMatch(hint);
    // The schema does not give the UPDATE.
    expect(failed.hint).toContain(`delete the line \`-- Checksum\` of migrations/${file}, then edit its SQL`);
    expect(failed.hint).not.toContain('--replace');
    own.remove(file);
  }
});

test('an interrupt names the migration that was written and stays', async () => {
  own.want('create table t (a int);');
  const undos: (() => Promise<unknown>)[] = [];
  let first: (() => Promise<unknown>) | undefined;
  const onInterrupt = (undo: () => Promise<unknown>) => {
    if (own.files().length > 0) first ??= undo;
    undos.push(undo);
    return () => void undos.splice(undos.indexOf(undo), 1);
  };
  await sync(derive(own.context, { onInterrupt }), { ...yes, name: 'base' }, undefined);
  expect(await first?.()).toBe(
    `Written and kept: migrations/${own.files()[0]}. db:sync applies what is not applied yet.`,
  );
  expect(undos).not.toContain(first);
});
