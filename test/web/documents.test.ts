// The page of documents in a real browser: objects, pictures, the drift, a large schema, small windows.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fillSchema } from '../schema-docs/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { adminKey, type RunningService, startService } from '../service/scene.ts';
import {
  buildPage,
  findFocus,
  findMissingBrowser,
  findViolations,
  isTooWide,
  keepPicture,
  logIn,
  openPage,
  startBrowser,
} from './browser.ts';

const missing = findMissingBrowser();
let browser: Browser;
let service: RunningService;
let shop: Database;
let large: Database;

const drift = `alter table shop.customers add column drifted integer;
create table "<img src=x onerror=alert(1)>" (id integer primary key);`;
const fillLarge = `do $$begin for i in 1..1000 loop execute format(
  'create table t%s (id bigint primary key, other bigint references t%s, a text, b text, c integer, d date)',
  i, greatest(1, i - 1 - i % 7)); end loop; end$$;`;

beforeAll(async () => {
  if (missing !== null) return;
  buildPage();
  shop = await freshDatabase(anyServer());
  large = await freshDatabase(anyServer());
  await rowsOf(shop.socket, fillSchema + drift);
  await rowsOf(large.socket, fillLarge);
  browser = await startBrowser();
  service = await startService({ environments: { shop: shop.url, large: large.url } });
  writeFileSync(join(service.root, 'schema.sql'), fillSchema);
}, 120_000);

afterAll(async () => {
  if (missing !== null) return;
  await browser.close();
  await service.remove();
  await shop.drop();
  await large.drop();
});

for (const [width, scheme] of [
  [360, 'light'],
  [1280, 'dark'],
] as const)
  test(`documents and the drift fit ${width} pixels in ${scheme} colours, and break no rule`, async ({
    skip,
  }) => {
    skip(missing !== null, `${missing}`);
    const { page, faults, close } = await openPage(browser, service.url, { width, scheme });
    page.on('dialog', (dialog) => faults.push(dialog.message()));
    const look = async (name: string) => {
      await keepPicture(page, `${name}-${width}-${scheme}`);
      expect([name, ...(await findViolations(page))]).toEqual([name]);
      expect([name, await isTooWide(page)]).toEqual([name, false]);
    };
    await page.goto('/databases');
    await logIn(page, adminKey);
    await page.getByRole('link', { name: 'Documents of shop' }).click();
    await page.getByText('No migration was ever applied to shop.').waitFor({ timeout: 60_000 });
    await page.getByRole('region', { name: 'Picture: Tables of shop' }).waitFor();
    await look('documents');
    await page.getByLabel('Find by name').fill('CUSTOMERS');
    await page.getByRole('link', { name: 'Table shop.customers', exact: true }).click();
    await page.getByRole('heading', { name: 'Table shop.customers' }).waitFor();
    expect(await findFocus(page)).toBe('Table shop.customers');
    for (const text of ['People who buy.', 'Each sees only itself.', 'Row security is enabled.'])
      await page.getByText(text).first().waitFor();
    await look('document');
    // A table of the picture leads to its section, and back is back.
    await page.locator('svg.erd a', { hasText: 'shop.orders' }).first().click();
    await page.getByRole('heading', { name: 'Table shop.orders' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { name: 'Table shop.customers' }).waitFor();
    await page.goto('/databases/shop');
    await page.getByRole('region', { name: 'Picture: Changed tables of shop' }).waitFor({ timeout: 60_000 });
    await page.getByRole('img', { name: 'removed: drifted, integer?' }).waitFor();
    await page.locator('svg .name', { hasText: 'public.<img src=x onerror=alert(1)>' }).waitFor();
    await look('drift');
    expect(faults).toEqual([]);
    await close();
  });

test('1,000 tables do not freeze the page', async ({ skip }) => {
  skip(missing !== null, `${missing}`);
  const { page, faults, close } = await openPage(browser, service.url);
  await page.goto('/databases');
  await logIn(page, adminKey);
  await page.goto('/databases/large/documents');
  await page.getByText('1000 objects, the first 200 are shown').waitFor({ timeout: 60_000 });
  const start = Date.now();
  await page.getByLabel('Find by name').fill('t777');
  await page.getByText('1 object', { exact: true }).waitFor();
  await page.getByLabel('Part of the schema').selectOption('3');
  await page.getByRole('link', { name: 'Table public.t777', exact: true }).click();
  await page.getByRole('heading', { name: 'Table public.t777' }).waitFor();
  expect(Date.now() - start).toBeLessThan(5_000);
  expect(await findViolations(page)).toEqual([]);
  await page.goto('/databases/large');
  await page.getByText(/^\d+ more differences\./).waitFor({ timeout: 60_000 });
  await page.getByText(/^\d+ more changed tables\./).waitFor({ timeout: 60_000 });
  expect(await page.locator('ul.items li').count()).toBeLessThanOrEqual(5 * 200);
  expect(await findViolations(page)).toEqual([]);
  expect(faults).toEqual([]);
  await close();
});
