// The pages of databases in a real browser: the first look at each, another comparison, links of pictures,
// and the last changes of a ledger.
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../../lib/commands/generate.ts';
import { rollback } from '../../lib/commands/rollback.ts';
import { sync } from '../../lib/commands/sync.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { project } from '../project/project.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { adminKey, type RunningService, startService } from '../service/scene.ts';
import { buildPage, findMissingBrowser, logIn, openPage, startBrowser } from './browser.ts';

const missing = findMissingBrowser();
const names = ['first', 'second', 'third'];
let browser: Browser;
let service: RunningService;
let database: Database;
/** The database `third`, with a ledger. */
let migrated: Database;

beforeAll(async () => {
  if (missing !== null) return;
  buildPage();
  database = await freshDatabase(anyServer());
  const orders = 'create table orders (id integer primary key, customer integer references customers);';
  await rowsOf(database.socket, `create table customers (id integer primary key); ${orders}`);
  migrated = await freshDatabase(anyServer());
  await migrate(migrated.url);
  browser = await startBrowser();
  const environments = { first: database.url, second: database.url, third: migrated.url };
  service = await startService({ environments });
});

afterAll(async () => {
  if (missing !== null) return;
  await browser.close();
  await service.remove();
  await database.drop();
  await migrated.drop();
});

// Applies two migrations, undoes the second one, and fails with the third.
async function migrate(url: string): Promise<void> {
  const cache = await freshCache();
  const own = project(url, cache);
  const forced = { yes: true, force: true } as const;
  for (const table of ['customers', 'orders']) {
    own.want(`create table customers (id int primary key); create table if not exists ${table} (id int);`);
    await sync(own.context, forced, undefined);
  }
  await rowsOf(url, 'insert into customers values (1)');
  await rollback(own.context, forced, undefined);
  own.remove(own.files().at(-1) as string);
  await generate(own.context, { empty: true });
  const check = `do $$ begin if exists (select from customers) then raise 'rows <b>are</b> here'; end if; end $$;`;
  own.write(own.files().at(-1) as string, `-- Up Migration\n\n${check}\n\n-- Down Migration\n\nselect 1;\n`);
  await failure(sync(own.context, forced, undefined));
  own.drop();
  await rm(cache, { recursive: true });
}

const wanted = (sql: string) => writeFileSync(join(service.root, 'schema.sql'), sql);

const inBrowser = (title: string, run: (page: Page) => Promise<void>) =>
  test(title, async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { page, faults, close } = await openPage(browser, service.url);
    await page.goto('/');
    await logIn(page, adminKey);
    try {
      await run(page);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

inBrowser(
  'the page looks at one database after the other, and stops at a request that fails',
  async (page) => {
    let [open, most, failing] = [0, 0, true];
    const looked: string[] = [];
    await page.route('**/api/databases/test', async (route) => {
      looked.push(route.request().postDataJSON().name);
      if (failing) return route.abort();
      most = Math.max(most, ++open);
      await setTimeout(200);
      open--;
      return route.continue();
    });
    await page.goto('/databases');
    await page.getByRole('alert').first().waitFor();
    await setTimeout(300);
    expect(await page.getByRole('alert').count()).toBe(1);
    expect(looked).toHaveLength(1);
    failing = false;
    looked.length = 0;
    await page.reload();
    await page
      .getByText('Reachable', { exact: true })
      .nth(names.length - 1)
      .waitFor();
    await page.getByText('Not tested').waitFor({ state: 'detached' });
    expect(most).toBe(1);
    // The embedded database is not made yet, so nothing is asked of it.
    expect(looked.sort()).toEqual([...names].sort());
  },
);

inBrowser('another comparison shows its own SQL and its own picture', async (page) => {
  wanted('create table customers (id integer primary key);');
  await page.goto('/databases/first');
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'Differences' }) });
  await section
    .getByRole('region', { name: 'Picture: Changed tables of first' })
    .waitFor({ timeout: 60_000 });
  expect(await section.getByText('invoices').count()).toBe(0);
  wanted('create table customers (id integer primary key); create table invoices (id integer primary key);');
  await page.getByRole('button', { name: 'Compare again' }).click();
  await section.locator('pre', { hasText: 'invoices' }).first().waitFor({ timeout: 60_000 });
  await section.locator('svg .name', { hasText: 'public.invoices' }).waitFor({ timeout: 60_000 });
});

inBrowser('a link of a picture keeps what was typed since', async (page) => {
  await page.goto('/databases/first/documents');
  const link = page.locator('svg.erd a', { hasText: 'public.orders' }).first();
  await link.waitFor({ timeout: 60_000 });
  await page.getByLabel('Find by name').fill('orders');
  await page.getByText('1 object', { exact: true }).waitFor();
  await link.click();
  await page.getByRole('heading', { name: 'Table public.orders' }).waitFor();
  expect(await page.getByLabel('Find by name').inputValue()).toBe('orders');
  await page.getByText('1 object', { exact: true }).waitFor();
});

inBrowser('the documents show the last changes of the ledger, the newest first', async (page) => {
  await page.goto('/databases/third/documents');
  const section = page.locator('section', { has: page.getByRole('heading', { name: 'Last changes' }) });
  const rows = section.getByRole('listitem');
  await rows.first().waitFor({ timeout: 60_000 });
  const shown = await rows.allInnerTexts();
  expect(shown.map((one) => one.split('\n')[0])).toEqual(['Failed', 'Done: undone', 'Done', 'Done']);
  expect(shown[0]).toContain('rows <b>are</b> here');
  for (const one of shown) expect(one).toMatch(/\n\d{17}_\w+\n[\s\S]* by \S/);
});
