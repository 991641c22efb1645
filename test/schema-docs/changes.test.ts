// The difference of two states as documents: each mark is one of db:diff, and none is missing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readChangedStates } from '../../lib/commands/changed-states.ts';
import { difference } from '../../lib/commands/diff.ts';
import { writeDocs } from '../../lib/commands/write-docs.ts';
import { changedTables } from '../../lib/schema-docs/changed-tables.ts';
import type { PictureTable } from '../../lib/schema-docs/picture.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { findMissingBrowser, findViolations, openPage, startBrowser } from '../web/browser.ts';

const before = `
create table users (id bigint primary key, name text, age integer, old_note text);
create table orders (id bigint primary key, customer bigint references users, placed date not null);
create table gone (id bigint primary key, owner bigint references users);
create table same (id bigint primary key);
create table users_audit (id bigint primary key, what text);
create view names as select id, name from users;
create index users_name on users (name);
`;
const after = `
create table users (id bigint primary key, name text not null, age bigint, email text,
  constraint users_email_key unique (email));
create table orders (id bigint primary key, customer bigint not null, placed date not null,
  buyer bigint constraint orders_buyer_fkey references users);
create table "new <b>" (id bigint primary key, "order" bigint references orders);
create table same (id bigint primary key);
create table users_audit (id bigint primary key, what text default 'nothing');
comment on table users_audit is 'Who did what.';
create view names as select id, name, email from users;
create policy own on users using (true);
create function f() returns integer language sql as 'select 1';
`;

let cache: string;
let own: Project;
const pathOf = (file: string) => join(own.context.project.root, file);
const read = (file: string) => readFileSync(pathOf(file), 'utf8');

beforeAll(async () => {
  cache = await freshCache();
  own = project('postgres://nobody@127.0.0.1:1/none', cache);
  own.want(after);
  writeFileSync(pathOf('before.sql'), before);
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});

const marksOf = (tables: readonly PictureTable[]) =>
  tables.flatMap(({ path: [, table], mark, lines, references, isContext }) => [
    `${mark ?? (isContext ? 'context' : 'plain')} ${table}`,
    ...lines.flatMap(({ name, mark: own }) => (own === null ? [] : [`${own} ${table}.${name}`])),
    ...references.flatMap(({ name, mark: own }) => (own === null ? [] : [`${own} ${table} -> ${name}`])),
  ]);

test('tables, columns, keys and foreign keys are marked as db:diff has them', async () => {
  const states = await readChangedStates(own.context, 'before.sql', 'schema.sql');
  expect(marksOf(changedTables(states)).sort()).toEqual([
    'added new <b>',
    'added new <b> -> new <b>_order_fkey',
    'added orders -> orders_buyer_fkey',
    'added orders.buyer',
    'added orders.orders_buyer_fkey',
    'added users.email',
    'added users.own',
    'added users.users_email_key',
    'changed orders',
    'changed orders.customer',
    'changed users',
    'changed users.age',
    'changed users.name',
    'changed users_audit',
    'changed users_audit.what',
    'removed gone',
    'removed gone -> gone_owner_fkey',
    'removed orders -> orders_customer_fkey',
    'removed orders.orders_customer_fkey',
    'removed users.old_note',
    'removed users.users_name',
  ]);
  const users = changedTables(states).find(({ path }) => path[1] === 'users');
  expect(users?.lines.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'id bigint',
    'name text? → text',
    'age integer? → bigint?',
    'old_note text?',
    'email text?',
    'users_name index',
    'users_email_key unique',
    'own policy',
  ]);
});

test('the way back has the same marks with the sides exchanged', async () => {
  const there = await readChangedStates(own.context, 'before.sql', 'schema.sql');
  const back = await readChangedStates(own.context, 'schema.sql', 'before.sql');
  const other = { added: 'removed', removed: 'added' } as Readonly<Record<string, string>>;
  const turned = marksOf(changedTables(back)).map((one) =>
    one.replace(/^added|^removed/, (word) => other[word] ?? word),
  );
  expect(turned.sort()).toEqual(marksOf(changedTables(there)).sort());
});

test('db:docs --against writes a list, a picture and a page, and says every change of db:diff', async () => {
  const report = await writeDocs(own.context, { against: 'before.sql' });
  const { changes } = await difference(own.context, { from: 'before.sql', to: 'schema.sql' });
  expect(report).toMatchObject({
    from: 'schema.sql',
    against: 'before.sql',
    changes: changes.length,
    files: 3,
  });
  expect(report.written.map(({ file }) => file)).toEqual(
    ['changes.md', 'changes.svg', 'changes.html'].map((file) => `docs/schema/${file}`),
  );
  const list = read('docs/schema/changes.md');
  const rows = list.match(/^\| [+\\~−]+ (added|changed|removed) \|.*$/gm) ?? [];
  expect(rows.length).toBe(changes.length);
  for (const { part, text } of changes.filter(({ text }) => /^[\w ]+$/.test(text)))
    expect(list, `${part}`).toContain(text);
  expect(list).toContain('[changes.svg](changes.svg)');
  expect(list).toContain('## `TABLE public.users`');
  // Documents of the schema itself may be in the same folder.
  await writeDocs(own.context, {});
  expect(existsSync(pathOf('docs/schema/changes.svg'))).toBe(true);
  for (const against of [{}, { against: 'before.sql' }])
    expect(await writeDocs(own.context, { ...against, check: true })).toMatchObject({ upToDate: true });
});

test('without a difference there is no picture, and an earlier one goes', async () => {
  await writeDocs(own.context, { against: 'before.sql' });
  const report = await writeDocs(own.context, { against: 'schema.sql' });
  expect(report).toMatchObject({ changes: 0, removed: ['docs/schema/changes.svg'] });
  expect(read('docs/schema/changes.md')).toContain('No differences.');
  expect(read('docs/schema/changes.html')).toContain('No differences.');
});

test('a confirmed rename is one change, and shows both names', async () => {
  writeFileSync(pathOf('one.sql'), 'create table people (id bigint primary key, nick text);');
  writeFileSync(
    pathOf('two.sql'),
    `-- pgmage:renamed from people
create table users (
  id bigint primary key,
  name text -- pgmage:renamed from nick
);`,
  );
  const states = await readChangedStates(own.context, 'one.sql', 'two.sql');
  // PostgreSQL 18 does not rename the constraint NOT NULL of the column id, so that one differs.
  expect(marksOf(changedTables(states))).toEqual([
    'changed users',
    'changed users.id',
    'changed users.nick → name',
  ]);
  const [table] = changedTables(states);
  expect(table?.title).toBe('public.people → public.users');
});

test('a partition that comes or goes is shown by its table', async () => {
  const partition = (name: string, year: number) =>
    `create table ${name} partition of logs for values from ('${year}-01-01') to ('${year + 1}-01-01');`;
  const logs = 'create table logs (at date not null, what text) partition by range (at);';
  writeFileSync(pathOf('one.sql'), logs + partition('old', 2024) + partition('kept', 2025));
  writeFileSync(
    pathOf('two.sql'),
    logs.replace('what text', 'what text, who text') + partition('kept', 2025) + partition('new', 2026),
  );
  const states = await readChangedStates(own.context, 'one.sql', 'two.sql');
  expect(marksOf(changedTables(states)).sort()).toEqual([
    'added logs.public.new',
    'added logs.who',
    'changed logs',
    'removed logs.public.old',
  ]);
});

test('of a database, the picture shows what is different in it now', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, `${after} alter table same add column drifted integer;`);
    const states = await readChangedStates(own.context, url, 'schema.sql');
    expect(marksOf(changedTables(states))).toEqual(['changed same', 'removed same.drifted']);
    const report = await writeDocs(own.context, { against: url, out: 'drift' });
    expect(report.changes).toBe(1);
    for (const file of ['changes.md', 'changes.html', 'changes.svg'])
      expect(read(`drift/${file}`)).not.toContain(anyServer().password);
  });
});

test('in Chromium the picture has signs and words for each change, in light and dark colours', async ({
  skip,
}) => {
  const missing = findMissingBrowser();
  skip(missing !== null, `${missing}`);
  await writeDocs(own.context, { against: 'before.sql', out: 'pictures' });
  const browser = await startBrowser();
  try {
    for (const scheme of ['light', 'dark'] as const) {
      const { page, faults, close } = await openPage(browser, 'http://localhost', { scheme });
      await page.goto(pathToFileURL(pathOf('pictures/changes.html')).href);
      expect([scheme, ...(await findViolations(page))]).toEqual([scheme]);
      for (const name of [
        'added: email, text?',
        'removed: old_note, text?',
        'changed: age, integer? → bigint?',
      ])
        await page.getByRole('img', { name, exact: true }).waitFor();
      await page.getByRole('img', { name: 'removed: foreign key orders_customer_fkey' }).waitFor();
      await page.getByRole('link', { name: 'changed table public.users', exact: true }).waitFor();
      const signs = await page.locator('svg .sign').allTextContents();
      expect(signs.filter((sign) => sign === '+').length).toBe(8);
      expect(new Set(signs)).toEqual(new Set(['+', '~', '−']));
      await page.getByRole('link', { name: 'changed table public.users', exact: true }).click();
      expect(page.url()).toMatch(/#relation\.public\.users$/);
      expect(faults).toEqual([]);
      await close();
    }
    const { page, close } = await openPage(browser, 'http://localhost');
    await page.goto(pathToFileURL(pathOf('pictures/changes.svg')).href);
    expect(await page.locator('parsererror').count()).toBe(0);
    await close();
  } finally {
    await browser.close();
  }
});
