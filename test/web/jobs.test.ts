// Jobs in a real browser: started, watched, reloaded, cancelled, failed, planned and confirmed.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupList } from '../../lib/service/schemas.ts';
import { rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { adminKey } from '../service/scene.ts';
import { buildPage, findMissingBrowser, logIn, openPage, startBrowser, type WatchedPage } from './browser.ts';
import { openScene, type PageScene } from './scene.ts';

const missing = findMissingBrowser();
let browser: Browser;
let scene: PageScene;
let seen: WatchedPage;
let page: Page;

beforeAll(async () => {
  if (missing !== null) return;
  buildPage();
  [browser, scene] = [await startBrowser(), await openScene(anyServer())];
  seen = await openPage(browser, scene.service.url);
  page = seen.page;
  await page.goto('/');
  await logIn(page, adminKey);
});

afterAll(async () => {
  if (missing !== null) return;
  await browser.close();
  await scene.close();
});

const onPage = (title: string, run: () => Promise<void>) =>
  test(title, async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    await run();
    expect(seen.faults).toEqual([]);
  });

const stateOf = (text: string) => page.locator('.state', { hasText: text });

onPage('an export is started, watched live, reloaded in the middle, and downloaded', async () => {
  scene.gate.slow(2_000_000);
  await page.goto('/new?kind=export&database=shop&format=native');
  await page.getByRole('button', { name: 'Start the export' }).click();
  await page.waitForURL(/\/jobs\//);
  const bar = page.getByRole('progressbar', { name: /in all/ });
  await bar.waitFor();
  const isUnder = async () => Number(await bar.getAttribute('value'));
  await expect.poll(isUnder, { timeout: 30_000 }).toBeGreaterThan(5);
  await page.reload();
  await bar.waitFor();
  expect(await isUnder()).toBeGreaterThan(5);
  expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Export of shop');
  await page.locator('.log li').first().waitFor();
  await page.goto('/');
  await page.getByRole('listitem').filter({ hasText: 'Export of shop' }).getByRole('progressbar').waitFor();
  scene.gate.release();
  // The list moves the job to its history without a reload.
  await page.locator('.list').getByRole('link', { name: 'Export of shop' }).click();
  await stateOf('Done').waitFor();
  await page.getByText('302,000 rows').waitFor();
  await page.context().grantPermissions(['clipboard-write', 'clipboard-read']);
  await page.getByRole('button', { name: 'Copy as command: npx pgmage db:backup --env shop' }).click();
  await page.getByText('Copied').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /^Download/ }).click(),
  ]);
  expect(await download.failure()).toBe(null);
  expect(download.suggestedFilename()).toMatch(/\.native$/);
});

onPage('a clone is planned, started and cancelled, and its target is unchanged', async () => {
  await page.goto('/new?kind=clone&from=shop&to=staging');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('Clone replaces 10 rows of staging.').waitFor();
  scene.gate.slow(2_000_000);
  await page.getByRole('button', { name: 'Start: clone into staging' }).click();
  await page.waitForURL(/\/jobs\//);
  await page.getByRole('progressbar', { name: /Copying, in all/ }).waitFor();
  await page.getByRole('button', { name: /^Cancel/ }).click();
  await stateOf('Cancelled').waitFor();
  await page.getByText('staging is unchanged.').waitFor();
  scene.gate.release();
  expect(await rowsOf(scene.staging.url, 'select count(*)::int as n from users')).toEqual([{ n: 10 }]);
  // A retry shows a new plan for the same choices.
  await page.getByRole('link', { name: 'Retry' }).click();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByRole('button', { name: 'Start: clone into staging' }).click();
  await stateOf('Done').waitFor();
  await page.getByText('Retry of').waitFor();
  expect(await rowsOf(scene.staging.url, 'select count(*)::int as n from users')).toEqual([{ n: 2000 }]);
});

onPage('a failed job shows its problem with the hint, and can be retried', async () => {
  await page.goto('/new?kind=export&database=gone');
  await page.getByRole('button', { name: 'Start the export' }).click();
  await page.waitForURL(/\/jobs\//);
  await stateOf('Failed').waitFor({ timeout: 90_000 });
  const alert = page.getByRole('alert');
  expect(await alert.innerText()).toMatch(/Cannot connect to gone[\s\S]*Hint: Start the server/);
  expect(await alert.innerText()).toContain('connection_refused');
  const before = page.url();
  await page.getByRole('button', { name: 'Retry' }).click();
  await expect.poll(() => page.url()).not.toBe(before);
  await page.getByRole('button', { name: /^Cancel/ }).click();
  await stateOf('Cancelled').waitFor();
});

onPage('a protected target needs its name, typed below the plan', async () => {
  await page.goto('/new?kind=clone&from=staging&to=prod');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  const start = page.getByRole('button', { name: 'Start: clone into prod' });
  await start.waitFor();
  expect(await start.isDisabled()).toBe(true);
  await page.getByLabel('Type prod to confirm').fill('pro');
  expect(await start.isDisabled()).toBe(true);
  await page.getByLabel('Type prod to confirm').fill('prod');
  await start.click();
  await page.waitForURL(/\/jobs\//);
  await stateOf('Done').waitFor();
  await page.locator('.log', { hasText: 'Backed prod up' }).waitFor();
  expect(await rowsOf(scene.prod.url, 'select count(*)::int as n from users')).toEqual([{ n: 2000 }]);
});

onPage('steps have their times, and the state of the target and the requester are shown', async () => {
  const first = page.locator('.log li').first();
  expect(await first.innerText()).toMatch(/\d\d:\d\d:\d\d[\s\S]*\d s$/);
  await page.locator('.log li', { hasText: 'Copying' }).waitFor();
  const fact = (name: string) => page.locator(`dt:text-is("${name}") + dd`);
  expect(await fact('Target').innerText()).toBe('changed: the job was committed');
  expect(await fact('Requested by').innerText()).toBe('PGMAGE_API_KEY');
});

onPage('the history is filtered, and the choice is in the address', async () => {
  await page.goto('/');
  await page.getByLabel('State').selectOption('cancelled');
  await page.getByRole('heading', { name: 'Found' }).waitFor();
  await expect.poll(() => page.locator('.list > li').count()).toBe(2);
  await page.reload();
  await expect.poll(() => page.locator('.list > li').count()).toBe(2);
  await page.getByLabel('Kind').selectOption('import');
  await page.getByText('No job matches').waitFor();
});

onPage('a script is exported, and imported into another database', async () => {
  await rowsOf(scene.staging.url, 'truncate events');
  await rowsOf(scene.prod.url, 'truncate events; delete from users where id > 5');
  await page.goto('/new?kind=export&database=prod&format=plain');
  await page.getByRole('button', { name: 'Start the export' }).click();
  await stateOf('Done').waitFor();
  await page.getByRole('link', { name: 'All backups' }).click();
  await page.getByRole('link', { name: /^Restore .*_prod_.*\.sql/ }).click();
  await page.getByLabel('Target', { exact: true }).selectOption('staging');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('Import replaces 2,000 rows of staging.').waitFor();
  await page.getByRole('button', { name: 'Start: import into staging' }).click();
  await page.waitForURL(/\/jobs\//);
  await stateOf('Done').waitFor();
  expect(await rowsOf(scene.staging.url, 'select count(*)::int as n from users')).toEqual([{ n: 5 }]);
});

onPage('a dump is uploaded with its progress, imported without a manifest, and deleted', async () => {
  await page.goto('/backups');
  await page.getByText(/^Storage: .* of 1 GB$/).waitFor();
  const script = "insert into users values (7001, 'sent');\n";
  const dump = { name: 'from elsewhere.sql', mimeType: 'application/sql', buffer: Buffer.from(script) };
  await page.getByLabel('File').setInputFiles({ ...dump, name: 'x.zip', buffer: Buffer.from('PK\x03\x04') });
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'it is a zip archive: unpack it first' }).waitFor();
  const noise = `-- ${'x'.repeat(100)}\n`.repeat(60_000);
  await page.getByLabel('File').setInputFiles({ ...dump, buffer: Buffer.from(script + noise) });
  const session = await page.context().newCDPSession(page);
  await session.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1_000_000 },
  });
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByRole('progressbar', { name: 'Upload' }).waitFor();
  await page.getByRole('button', { name: 'Cancel the upload' }).click();
  await page.getByText('The upload was cancelled.').waitFor();
  await page.getByText('removes what it has received, unless the upload was complete').waitFor();
  await session.detach();
  await page.getByLabel('File').setInputFiles({ ...dump, buffer: Buffer.from(script) });
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await page.getByText('Uploaded, without manifest').waitFor();
  await page.getByRole('link', { name: 'Import it' }).click();
  expect(await page.getByLabel('Without manifest').isChecked()).toBe(true);
  expect(await page.getByLabel('Backup', { exact: true }).inputValue()).toMatch(
    /^uploaded_.*_from-elsewhere\.sql$/,
  );
  await page.getByLabel('Append').check();
  await page.getByLabel('Target', { exact: true }).selectOption('staging');
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('No row of staging is lost.').waitFor();
  await page.getByRole('button', { name: 'Start: import into staging' }).click();
  await page.waitForURL(/\/jobs\//);
  await stateOf('Done').waitFor();
  expect(await rowsOf(scene.staging.url, 'select name from users where id = 7001')).toEqual([
    { name: 'sent' },
  ]);
  await page.goto('/backups');
  await page.getByRole('button', { name: /^Delete uploaded_/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('Uploaded, without manifest').waitFor({ state: 'detached' });
});

onPage('a drill on a protected server is asked for, and hidden where it is not allowed', async () => {
  const [prod, vault] = [
    await scene.service.run('export', { database: 'prod', format: 'native' }),
    await scene.service.run('export', { database: 'vault', format: 'native' }),
  ].map(({ result }) => (result as { file: string }).file);
  await page.goto('/backups');
  await page.getByRole('button', { name: `Verify ${vault}` }).waitFor();
  await page.getByRole('button', { name: `Drill ${prod}` }).click();
  expect(await page.getByRole('button', { name: `Drill ${vault}` }).count()).toBe(0);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('The server of prod is protected.').waitFor();
  await dialog.getByRole('button', { name: 'Drill' }).click();
  await page.waitForURL(/\/jobs\//);
  await stateOf('Done').waitFor();
  const { backups } = await scene.service.ask<BackupList>('GET', '/api/backups');
  expect(backups.find(({ file }) => file === prod)?.verified?.how).toBe('drill');
});

onPage('old backups are named before they are deleted', async () => {
  for (let count = 0; count < 2; count++)
    await scene.service.run('export', { database: 'staging', format: 'native' });
  await page.goto('/backups');
  await page.getByRole('button', { name: /^Delete \d+ old backup/ }).click();
  const dialog = page.getByRole('dialog');
  const named = await dialog.locator('li').allInnerTexts();
  expect(named.length).toBeGreaterThan(0);
  await dialog.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('heading', { name: 'Prune old backups' }).waitFor();
  await stateOf('Done').waitFor();
  await page.goto('/backups');
  await page.getByRole('link', { name: 'New export' }).waitFor();
  for (const file of named)
    expect(await page.getByRole('heading', { name: file, exact: true }).count()).toBe(0);
});
