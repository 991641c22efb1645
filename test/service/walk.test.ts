// The first hour of a stranger: a fresh project, the first key, the first export, its download, and an import
// into a second database; by HTTP, and by the page.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { BackupList, DatabaseInfo, Plan, ServiceJob } from '../../lib/service/schemas.ts';
import { type Database, freshDatabase, rowsOf } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';
import { freePort, query } from '../servers/server.ts';
import { findMissingBrowser, openPage, startBrowser } from '../web/browser.ts';
import { Stranger } from './stranger.ts';

const shop = `create table users (id integer primary key, name text not null);
  insert into users select i, 'user ' || i from generate_series(1, 500) i;`;

let stranger: Stranger;
let [prod, staging]: Database[] = [];

beforeAll(async () => {
  stranger = new Stranger(await freePort());
  [prod, staging] = [await freshDatabase(anyServer()), await freshDatabase(anyServer())];
  await query(prod.url, shop);
}, 120_000);

afterAll(async () => {
  await stranger?.remove();
  await prod?.drop();
  await staging?.drop();
});

beforeEach(async () => {
  await stranger.interrupt();
  for (const name of ['.pgmage', 'backups'])
    rmSync(join(stranger.root, name), { recursive: true, force: true });
  await query(staging?.url ?? '', 'drop table if exists users');
});

const countUsers = async () =>
  (await rowsOf<{ n: number }>(staging?.url ?? '', 'select count(*)::int as n from users'))[0]?.n;

/** The command that a text tells to run. */
function commandIn(text: string): string {
  const [command] = /npx pgmage serve:key add [\w-]+ --scope [\w,]+/.exec(text) ?? [];
  if (command === undefined) throw new Error(`there is no command in ${text}`);
  return command;
}

test('the shell: init, serve, a key, an export, its download, an import', async () => {
  const begun = await stranger.type('npx pgmage init --yes');
  expect([begun.code, begun.output]).toEqual([0, expect.stringContaining('pgmage.config.ts')]);
  expect(begun.output).not.toMatch(/error|warning/i);
  // As the page shows it where nothing is configured.
  for (const [name, database] of Object.entries({ prod, staging }))
    await stranger.type(`echo 'DATABASE_URL=${database?.url}' > .env.${name}`);

  const start = performance.now();
  await stranger.serve(/no API key yet.*\n/);
  // Of which about a second is npx. A busy machine takes longer than the 8 seconds of one that is not.
  expect(performance.now() - start).toBeLessThan(20_000);
  const [ready, advice, ...more] = stranger.printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const base = `http://127.0.0.1:${stranger.port}`;
  expect(ready).toMatchObject({ msg: 'pgmage serve is ready', address: base, queue: 'embedded' });
  expect(more).toEqual([]);

  const api = async (method: string, path: string, body?: object) =>
    fetch(`${base}${path}`, {
      method,
      headers: {
        ...(key !== '' && { Authorization: `Bearer ${key}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
  let key = '';
  const refused = await api('GET', '/api/databases');
  const { problem } = (await refused.json()) as { problem: { hint: string } };
  expect(refused.status).toBe(401);
  expect(commandIn(problem.hint)).toBe(commandIn(advice.msg));

  // The command that was printed works as it is, while the service runs.
  const added = await stranger.type(commandIn(advice.msg));
  expect(added.output).toMatch(/^pgm_\S+\nKeep it: pgmage does not show it again\.\n/);
  key = added.output.split('\n')[0] ?? '';
  const databases = (await (await api('GET', '/api/databases')).json()) as DatabaseInfo[];
  expect(databases.map(({ name, canBeTarget }) => [name, canBeTarget])).toEqual([
    // The embedded database, and last one whose name protects it.
    ['local', false],
    ['staging', true],
    ['prod', false],
  ]);

  const follow = async (path: string, body: object) => {
    const accepted = await api('POST', path, body);
    expect([path, accepted.status]).toEqual([path, 202]);
    const { links } = (await accepted.json()) as { links: { job: string; events: string } };
    const stream = await (await api('GET', links.events)).text();
    return { stream, job: (await (await api('GET', links.job)).json()) as ServiceJob };
  };
  const exported = await follow('/api/sync/export', { database: 'prod', format: 'plain' });
  expect(exported.job).toMatchObject({ state: 'done', requestedBy: 'laptop', problem: null });
  expect([...exported.stream.matchAll(/"state":"(\w+)"/g)].map(([, state]) => state)).toEqual([
    'waiting',
    'running',
    'done',
  ]);

  const { folder, backups } = (await (await api('GET', '/api/backups')).json()) as BackupList;
  const { file = '' } = backups[0] ?? {};
  expect([folder, backups.length]).toEqual(['backups', 1]);
  expect((exported.job.result as { file: string }).file).toContain(file);
  const content = await api('GET', `/api/backups/${file}/content`);
  const bytes = Buffer.from(await content.arrayBuffer());
  expect(bytes.equals(readFileSync(join(stranger.root, 'backups', file)))).toBe(true);

  const wish = { file, to: 'staging' };
  const plan = (await (await api('POST', '/api/plans', { kind: 'import', ...wish })).json()) as Plan;
  expect(plan).toMatchObject({ losses: [], target: { name: 'staging' }, confirm: null });
  const imported = await follow('/api/sync/import', { ...wish, planId: plan.planId });
  expect(imported.job).toMatchObject({ state: 'done', target: 'changed', to: 'staging' });
  expect(await countUsers()).toBe(500);

  await stranger.interrupt();
  expect(stranger.printed).toMatch(/"msg":"pgmage serve has stopped"\}\nThe service on \S+ has stopped\.\n$/);
  expect(stranger.printed).not.toMatch(/"level":[56]0/);
}, 180_000);

test('the page: the key, an export, its download, an import', async ({ skip }) => {
  const missing = findMissingBrowser();
  skip(missing !== null, `${missing}`);
  await stranger.serve(/no API key yet.*\n/);
  const browser = await startBrowser();
  try {
    const { page, faults } = await openPage(browser, `http://127.0.0.1:${stranger.port}`);
    await page.goto('/');
    const added = await stranger.type(commandIn(await page.locator('main').innerText()));
    await page.getByLabel('API key').fill(added.output.split('\n')[0] ?? '');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('Begin with an export').waitFor();
    await page.getByRole('link', { name: 'Export prod' }).click();
    await page.getByRole('button', { name: 'Start the export' }).click();
    await page.locator('.state', { hasText: 'Done' }).waitFor();
    await page.getByText('500 rows').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: /^Download/ }).click(),
    ]);
    expect(await download.failure()).toBe(null);
    await page.getByRole('link', { name: 'All backups' }).click();
    await page.getByRole('link', { name: /^Restore / }).click();
    await page.getByLabel('Target', { exact: true }).selectOption('staging');
    await page.getByRole('button', { name: 'Show the plan' }).click();
    await page.getByRole('button', { name: 'Start: import into staging' }).click();
    await page.waitForURL(/\/jobs\//);
    await page.locator('.state', { hasText: 'Done' }).waitFor();
    expect(await countUsers()).toBe(500);
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
  }
}, 180_000);

test('on a terminal the log is for people', async () => {
  const command = `npx pgmage serve --once --port ${stranger.port}`;
  const { code, output: shown } = await stranger.type(`script -qec '${command}' /dev/null`);
  // npx draws before it starts the program.
  const output = stripVTControlCharacters(shown).replaceAll('\r', '').replace(/^\W+/, '');
  expect(code).toBe(0);
  expect(output).toMatch(
    /^\d\d:\d\d:\d\d pgmage serve is ready address=http:\/\/127\.0\.0\.1:\d+ queue=embedded/m,
  );
  expect(output).toMatch(/^\d\d:\d\d:\d\d WARNING: no API key yet: run npx pgmage serve:key add /m);
  expect(output).not.toContain('{"level"');
}, 60_000);
