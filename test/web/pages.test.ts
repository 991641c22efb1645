// Every page in a real browser: its states, accessibility, sizes and colours; login, logout and the keyboard.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anyServer, isFull } from '../servers/running.ts';
import { adminKey, startService } from '../service/scene.ts';
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
import { openScene, type PageScene } from './scene.ts';

const missing = findMissingBrowser();
let browser: Browser;
let scene: PageScene;

beforeAll(async () => {
  if (missing !== null) return;
  buildPage();
  [browser, scene] = [await startBrowser(), await openScene(anyServer())];
});

afterAll(async () => {
  if (missing !== null) return;
  await browser.close();
  await scene.close();
});

const inBrowser = (title: string, run: (page: Page) => Promise<void>) =>
  test(title, async ({ skip }) => {
    skip(missing !== null, `${missing}`);
    const { page, faults, close } = await openPage(browser, scene.service.url);
    try {
      await run(page);
      expect(faults).toEqual([]);
    } finally {
      await close();
    }
  });

inBrowser('a first visit asks for a key, refuses a wrong one, and names the first command', async (page) => {
  await page.goto('/backups');
  await page.getByText('npx pgmage serve:key add').waitFor();
  await page.getByLabel('API key').fill('pgm_00000000_wrong');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  expect(await findViolations(page)).toEqual([]);
  await logIn(page, adminKey);
  await page.getByText('No backups yet').waitFor();
  await page.getByText('npx pgmage db:backup', { exact: true }).waitFor();
  await page.getByRole('link', { name: 'Jobs' }).click();
  await page.getByText('No jobs yet').waitFor();
  await page.getByText('npx pgmage db:backup --env').waitFor();
  await page.reload();
  await page.getByText('No jobs yet').waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('API key').waitFor();
  await page.reload();
  await page.getByLabel('API key').waitFor();
});

inBrowser('an export is started with the keyboard alone', async (page) => {
  await page.goto('/');
  await page.getByLabel('API key').waitFor();
  await page.keyboard.type(adminKey);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  await page.getByText('No jobs yet').waitFor();
  await page.keyboard.press('Tab');
  expect(await findFocus(page)).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await findFocus(page)).toMatch(/New job/);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New job' }).waitFor();
  expect(await findFocus(page)).toBe('New job');
  await page.getByLabel('Database', { exact: true }).waitFor();
  await page.keyboard.press('Tab');
  expect(await findFocus(page)).toMatch(/^Export/);
  await page.keyboard.press('Tab');
  expect(await findFocus(page)).toBe('Database');
  await page.keyboard.type('staging');
  for (let step = 0; step < 3; step++) await page.keyboard.press('Tab');
  expect(await findFocus(page)).toBe('Start the export');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Export of staging' }).waitFor();
  await page.locator('.state', { hasText: 'Done' }).waitFor();
});

inBrowser('a session that has ended shows the login, and returns to the page', async (page) => {
  await page.goto('/new?kind=clone&from=shop&to=staging');
  await logIn(page, adminKey);
  await page.getByRole('button', { name: 'Show the plan' }).waitFor();
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Show the plan' }).click();
  await page.getByText('Your session has ended.').waitFor();
  await logIn(page, adminKey);
  await page.getByRole('button', { name: 'Show the plan' }).waitFor();
  expect(await page.getByLabel('Source', { exact: true }).inputValue()).toBe('shop');
  expect(await page.getByLabel('Target', { exact: true }).inputValue()).toBe('staging');
});

inBrowser('a key with few rights sees what it lacks, and a revoked one is out', async (page) => {
  const key = await scene.service.addKey('reader', ['read']);
  await page.goto('/new?kind=clone');
  await logIn(page, key);
  await page.getByText('Your key does not have the scope `write`.').waitFor();
  await page.goto('/settings');
  await page.getByText('Only a key with the scope `admin` can see the keys.').waitFor();
  const { page: admin, close } = await openPage(browser, scene.service.url);
  await admin.goto('/settings');
  await logIn(admin, adminKey);
  await admin.getByRole('button', { name: 'Revoke reader' }).click();
  await admin.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await admin.getByRole('heading', { name: 'reader', exact: true }).waitFor({ state: 'detached' });
  await close();
  await page.getByRole('link', { name: 'Backups' }).click();
  await page.getByText('Your session has ended.').waitFor();
});

inBrowser('each database shows its size and whether it answers, without a click', async (page) => {
  await page.goto('/databases');
  await logIn(page, adminKey);
  const card = (name: string) =>
    page.locator('.card').filter({ has: page.getByRole('heading', { name, exact: true }) });
  for (const name of ['shop', 'staging', 'prod']) {
    await card(name).getByText('Reachable', { exact: true }).waitFor();
    expect(await card(name).locator('dt:text-is("Size") + dd').innerText()).toMatch(/^[\d.]+ MB$/);
  }
  await card('gone').getByText('Not reachable').waitFor();
  await page.getByText('Cannot connect to gone.').waitFor();
  expect(await card('gone').locator('dt:text-is("Size")').count()).toBe(0);
  // An embedded database that no command made yet is not an error.
  await card('local').getByText('Not made yet', { exact: true }).waitFor();
  expect(await card('local').innerText()).toContain('the first command makes it, such as npx pgmage db:sync');
  expect(await card('local').getByRole('alert').count()).toBe(0);
  expect(await card('local').getByRole('button').count()).toBe(0);
});

inBrowser('the schema of a database is compared as db:diff does', async (page) => {
  await page.goto('/databases');
  await logIn(page, adminKey);
  await page.getByRole('button', { name: 'Test connection to gone' }).click();
  await page.getByText('Cannot connect to gone.').waitFor();
  await page.getByRole('link', { name: 'Schema of prod' }).click();
  await page.getByText('Out of sync: 2 changes').waitFor({ timeout: 60_000 });
  const text = page.locator('pre.difference');
  await text.waitFor({ timeout: 60_000 });
  expect(await text.innerText()).toMatch(
    /^\+ TABLE events$[\s\S]*^ {2}- INDEX users_name ON users\(name\)$/m,
  );
});

inBrowser('a backup is verified, and deleted after a question', async (page) => {
  await page.goto('/backups');
  await logIn(page, adminKey);
  const file = await page.locator('h2.name').innerText();
  await page.getByRole('button', { name: `Verify ${file}` }).click();
  await page.getByRole('heading', { name: `Verification of ${file}` }).waitFor();
  await page.locator('.state', { hasText: 'Done' }).waitFor();
  await page.goto('/backups');
  await page.getByRole('button', { name: `Delete ${file}` }).click();
  expect(await findViolations(page)).toEqual([]);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: `Delete ${file}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await page.getByText('No backups yet').waitFor();
});

inBrowser('a schedule is added, run, paused and deleted', async (page) => {
  await page.goto('/schedules');
  await logIn(page, adminKey);
  await page.getByText('No schedules yet').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('nightly');
  await page.getByLabel('Database', { exact: true }).selectOption('staging');
  await page.getByLabel('When').fill('99 * * * *');
  await page.getByRole('button', { name: 'Add the schedule' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('When').fill('30 2 * * *');
  await page.getByLabel('Time zone').fill('Europe/Berlin');
  await page.getByRole('button', { name: 'Add the schedule' }).click();
  await page.getByText('Export of staging. Every day at 02:30, Europe/Berlin.').waitFor();
  await page.getByRole('button', { name: 'Pause: nightly' }).click();
  await page.getByText('Paused', { exact: true }).waitFor();
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Run now: nightly' }).click();
  await page.locator('.state', { hasText: 'Done' }).waitFor({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Schedules' }).click();
  await page.getByRole('button', { name: 'Delete: nightly' }).click();
  await page.getByText('No schedules yet').waitFor();
});

inBrowser('a schedule that writes to a protected target needs its name, typed', async (page) => {
  await page.goto('/schedules');
  await logIn(page, adminKey);
  await page.getByLabel('Name', { exact: true }).fill('mirror');
  await page.getByLabel('Job', { exact: true }).selectOption('clone');
  await page.getByLabel('Source', { exact: true }).selectOption('staging');
  await page.getByLabel('Target', { exact: true }).selectOption('prod');
  await page.getByLabel('When').fill('0 4 * * 1-5');
  await page.getByText('Monday to Friday at 04:00, UTC').waitFor();
  await page.getByText('prod is protected, and each run writes to it.').waitFor();
  await page.getByLabel('Type prod to confirm').fill('pro');
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole('button', { name: 'Add the schedule' }).click();
  await page.getByRole('alert').filter({ hasText: 'prod is protected' }).waitFor();
  await page.getByLabel('Type prod to confirm').fill('prod');
  await page.getByRole('button', { name: 'Add the schedule' }).click();
  await page.getByText('Clone of staging into prod. Monday to Friday at 04:00, UTC.').waitFor();
  await page.getByRole('button', { name: 'Delete: mirror' }).click();
  await page.getByText('No schedules yet').waitFor();
});

const widths = [360, 1280];
const schemes = ['light', 'dark'] as const;

// Each width and each colour scheme is met; in CI, all four pairs.
for (const [at, width] of widths.entries())
  for (const scheme of schemes.filter((_, index) => isFull || index === at))
    test(`every page fits ${width} pixels in ${scheme} colours and breaks no rule of axe`, async ({
      skip,
    }) => {
      skip(missing !== null, `${missing}`);
      const done = await scene.service.run('export', { database: 'staging', format: 'native' });
      const { page, faults, close } = await openPage(browser, scene.service.url, { width, scheme });
      const look = async (name: string, path: string, until: string) => {
        await page.goto(path);
        await page.getByText(until).first().waitFor({ timeout: 60_000 });
        await keepPicture(page, `${name}-${width}-${scheme}`);
        const content = await page.content();
        for (const secret of [anyServer().password, adminKey]) expect(content).not.toContain(secret);
        expect([name, ...(await findViolations(page))]).toEqual([name]);
        expect([name, await isTooWide(page)]).toEqual([name, false]);
      };
      await look('login', '/', 'No key yet?');
      await logIn(page, adminKey);
      await look('jobs', '/', 'Export of staging');
      await look('job', `/jobs/${done.id}`, 'Result');
      await look('new', '/new?kind=clone&from=shop&to=staging', 'Show the plan');
      await page.goto('/new?kind=clone&from=staging&to=prod');
      await page.getByRole('button', { name: 'Show the plan' }).click();
      await page.getByLabel('Type prod to confirm').waitFor({ timeout: 60_000 });
      await keepPicture(page, `plan-${width}-${scheme}`);
      expect(await findViolations(page)).toEqual([]);
      expect(await isTooWide(page)).toBe(false);
      await look('databases', '/databases', 'Test connection');
      await look('backups', '/backups', 'Restore');
      await look('schedules', '/schedules', 'Add a schedule');
      await look('settings', '/settings', 'Jobs at once');
      await look('unknown', '/nothing', 'Page not found');
      expect(faults).toEqual([]);
      await close();
    });

inBrowser('a page that is open when the service starts again goes on after a login', async (page) => {
  await page.goto('/');
  await logIn(page, adminKey);
  await page.getByRole('heading', { name: 'Jobs', exact: true }).waitFor();
  await scene.service.stop();
  await page.getByText('The connection to the service was lost.').waitFor();
  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByText('The service does not answer.').first().waitFor();
  await scene.service.start();
  // Sessions are in memory: the page asks for the key by itself.
  await page.getByText('Your session has ended.').waitFor();
  await logIn(page, adminKey);
  await page.getByText('Jobs at once').waitFor();
});

test('a project without a database is told how to name one', async ({ skip }) => {
  skip(missing !== null, `${missing}`);
  const service = await startService({ environments: {} });
  try {
    const { page, faults } = await openPage(browser, service.url);
    await page.goto('/');
    await logIn(page, adminKey);
    await page.getByText('Connect a database first').waitFor();
    await page.getByText('npx pgmage serve', { exact: true }).waitFor();
    await keepPicture(page, 'nothing-configured');
    expect(await findViolations(page)).toEqual([]);
    expect(faults).toEqual([]);
  } finally {
    await service.remove();
  }
});
