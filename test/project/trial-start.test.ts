// Where new migrations are tried out from, and that it is what is recorded.
import { expect, onTestFinished, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { compose } from '../../lib/migrate/compose.ts';
import { runTrial } from '../../lib/migrate/trial-run.ts';
import { readMigrations } from '../../lib/project/migration-folder.ts';
import { replay } from '../../lib/project/shadow-catalog.ts';
import { findTrialOrigin, startAfter, type TrialStart } from '../../lib/project/trial-start.ts';
import { freshCache } from './cache.ts';
import { project } from './project.ts';

const cache = await freshCache();

function begin(schema: string) {
  const own = project(null, cache);
  onTestFinished(() => own.drop());
  own.want(schema);
  return own;
}

const file = (text: string) => [{ file: 'schema.sql', text }];

async function startsTo(own: ReturnType<typeof begin>, schema: string) {
  const base = await readMigrations(own.context.project);
  const recorded = await replay(own.context, startAfter(base).files, { inOrder: true });
  const wanted = await replay(own.context, file(schema));
  return findTrialOrigin(base, recorded, file(schema), wanted).starts;
}

const way = { up: { file: 'up', text: 'alter table a add column more int' }, down: null };

test('the wanted schema leads back to the recorded one, without the history', async () => {
  const own = begin('create table a (id int primary key, name text);');
  await generate(own.context);
  const starts = await startsTo(own, 'create table b (id int); create table a (id int primary key);');
  expect(starts).toHaveLength(2);
  const { start, states } = await runTrial(own.context, starts, [way]);
  expect(start.next).toHaveLength(1);
  expect([...(states[0]?.facts.keys() ?? [])].filter((id) => id.startsWith('column:'))).toEqual([
    'column:public.a.id',
    'column:public.a.name',
  ]);
});

test('a start that does not lead to what is recorded is none', async () => {
  const own = begin('create table a (id int primary key, name text);');
  await generate(own.context);
  const [near, history] = (await startsTo(own, 'create table b (id int);')) as [TrialStart, TrialStart];
  const elsewhere = { ...near, next: [{ file: 'elsewhere', text: 'create table a (id int)' }] };
  expect((await runTrial(own.context, [elsewhere, history], [way])).start).toBe(history);
  const broken = { ...near, next: [{ file: 'broken', text: 'alter table nothing add column id int' }] };
  expect((await runTrial(own.context, [broken, history], [way])).start).toBe(history);
});

test('what pgmage does not manage is there only after the history', async () => {
  const own = begin('');
  await generate(own.context, { empty: true, name: 'by hand' });
  const [draft = ''] = own.files();
  const schema = 'create table a (id int primary key, other int references a);';
  own.write(draft, `-- Up Migration\n${schema}\nalter table a disable trigger all;\n`);
  own.want(schema);
  await generate(own.context);
  const starts = await startsTo(own, schema);
  expect((await runTrial(own.context, starts, [way])).start).toBe(starts.at(-1));
});

test('the index on which a foreign key stands is that of the history', async () => {
  const own = begin(
    'create table a (id int constraint one unique); create table b (id int references a (id));',
  );
  await generate(own.context);
  await generate(own.context, { empty: true, name: 'by hand' });
  const draft = own.files().at(-1) as string;
  own.write(draft, '-- Up Migration\nalter table a add constraint first primary key (id);\n');
  const two = `create table a (id int constraint first primary key); alter table a add constraint one unique
    (id);
    create table b (id int references a (id));`;
  own.want(two);
  await generate(own.context);
  const starts = await startsTo(own, `${two} create table c (id int);`);
  expect((await runTrial(own.context, starts, [way])).start).toBe(starts.at(-1));
});

test('losses are counted where the migration was tried out', async () => {
  const own = begin('create table a (id int primary key, name text);');
  await generate(own.context);
  own.want('create table a (id int primary key);');
  const { written } = await compose(own.context);
  expect(written[0]?.migration.header?.down).toEqual({ is: 'lossy', what: 'a.name: 5 of 5 values lost' });
});

test('a role runs files only where they name it, not where its name is a part of another one', async () => {
  const own = begin('');
  const roleOf = async (text: string) => (await replay(own.context, file(text), { role: 'shop' })).loaded?.as;
  expect(await roleOf('create table shop_orders (shopper text); create view "my shops" as select 1;')).toBe(
    null,
  );
  expect(await roleOf('create table t (a int); grant select on t to "shop";')).toBe('shop');
  expect(await roleOf('create table t (a int); grant select on t to SHOP;')).toBe('shop');
});
