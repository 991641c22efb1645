// Documents of schemas: links lead somewhere, names stay text, and every server gives the same bytes.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Description } from '../../lib/describe/description.ts';
import { readDescription } from '../../lib/describe/read.ts';
import { snapshot } from '../../lib/pg/snapshot.ts';
import { describeSource } from '../../lib/project/described-source.ts';
import { layOut } from '../../lib/schema-docs/layout.ts';
import { renderDocuments } from '../../lib/schema-docs/pages.ts';
import { pictureTables } from '../../lib/schema-docs/picture.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { withSession } from '../proof/session.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { servers } from '../servers/running.ts';
import { findMissingBrowser, findViolations, isTooWide, openPage, startBrowser } from '../web/browser.ts';
import { findBrokenLinks, linksIn } from './links.ts';
import { fillSchema, manyTables } from './schemas.ts';

const repository = join(import.meta.dirname, '../..');
const hostile = join(repository, 'test/schema-types/hostile.sql');
let cache: string;
let own: Project;
const described = new Map<string, Description>();

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
  for (const path of [hostile, join(repository, 'examples/masks/schema'), join(repository, 'schema')])
    described.set(path, await describeSource(own.context, path));
});
afterAll(() => {
  own.drop();
  rmSync(cache, { recursive: true });
});

const filesOf = (description: Description) =>
  Object.fromEntries(renderDocuments(description, 'schema.sql').map(({ name, text }) => [name, text]));

test('every link leads to a file and a place that are there, and every place has one id', () => {
  for (const description of described.values()) {
    const files = new Map(Object.entries(filesOf(description)));
    expect(findBrokenLinks(files)).toEqual([]);
    expect([...files].flatMap(([name, text]) => linksIn(name, text)).length).toBeGreaterThan(8);
  }
});

// What is left of Markdown when code, links, escapes and the tags of pgmage are taken out.
function bare(text: string): string {
  return text
    .replace(/^<!-- [^<>]* -->$|^<a id="[\w.-]*"><\/a>$/gm, '')
    .replace(/```mermaid\n[^`]*```/g, '')
    .replace(/\[?`[^`\n]*`(\]\([\w.#-]+\))?/g, '')
    .replace(/<!-- -->/g, '')
    .replace(/<code>[^<>]*<\/code>|<br>/g, '')
    .replace(/\[(?:[^[\]\\\n]|\\.)*\]\([\w.#-]+\)/g, '')
    .replace(/\\[!-/:-@[-`{-~]/g, '');
}

test('names and comments stay text in Markdown', () => {
  const files = Object.entries(filesOf(described.get(hostile) as Description));
  const pages = files.filter(([name]) => name.endsWith('.md'));
  expect(pages.length).toBe(4);
  for (const [name, text] of pages) {
    expect(bare(text).match(/[<>[\]`{}]|\]\(/g), name).toBe(null);
    expect(text, name).not.toMatch(/[^\P{Cc}\n]|\p{Cf}/u);
    // A cell more or less would move the others of its row.
    for (const table of bare(text)
      .split('\n\n')
      .filter((part) => part.startsWith('|'))) {
      const cells = table.split('\n').map((line) => line.split('|').length);
      expect(new Set(cells).size, table).toBe(1);
    }
  }
});

test('names and comments become no links by themselves', () => {
  const files = Object.entries(filesOf(described.get(hostile) as Description));
  const pages = files.filter(([name]) => name.endsWith('.md')).map(([, text]) => text);
  // Spans of code, in which nothing is a link (GFM, section 6.9), and links of pgmage; entities are read.
  const read = pages
    .join('\n')
    .replace(/```mermaid\n[^`]*```/g, '')
    .replace(/\[?`[^`\n]*`(\]\([\w.#-]+\))?/g, '')
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  expect(read.match(/www\.|:\/\/|@[\w-]/gi)).toBe(null);
  const shown = read.replaceAll('<!-- -->', '');
  for (const part of ['@team: see www.e.vil, https://e.vil/x, a@b.example and WWW.e.vil'])
    expect(shown).toContain(part);
});

test('the diagram for Mermaid keeps to its grammar', () => {
  const { 'README.md': index = '' } = filesOf(described.get(hostile) as Description);
  const [, diagram = ''] = /```mermaid\n([^`]*)\n```/.exec(index) ?? [];
  const line =
    /^(erDiagram| {2}t\d+\["[\p{L}\p{N}_. -]+"\]( \{)?| {4}[\p{L}_][\p{L}\p{N}_]* [\p{L}_][\p{L}\p{N}_]*( (PK|FK|PK, FK))?| {2}\}| {2}t\d+ (\|\||\|o)--(o\||o\{) t\d+ : "[\p{L}\p{N}_. -]+")$/u;
  expect(diagram.split('\n').filter((one) => !line.test(one))).toEqual([]);
  expect(diagram.split('\n').length).toBeGreaterThan(30);
});

test('tables of the diagram do not overlap, and referenced ones are on the left', () => {
  const { boxes, links, width, height } = layOut(pictureTables(manyTables(120)));
  expect(boxes.length).toBe(120);
  for (const [at, one] of boxes.entries()) {
    expect(one.x + one.width <= width && one.y + one.height <= height).toBe(true);
    for (const other of boxes.slice(at + 1)) {
      const isApart =
        one.x + one.width <= other.x ||
        other.x + other.width <= one.x ||
        one.y + one.height <= other.y ||
        other.y + other.height <= one.y;
      expect(isApart, `${one.table.path} ${other.table.path}`).toBe(true);
    }
  }
  expect(links.length).toBe(120);
  // Of a chain that closes on itself, one reference goes to the right.
  expect(links.filter(({ from, to }) => to.x > from.x).length).toBe(1);
});

test('no name runs a script or leaves its place in Chromium, and the picture is valid', async ({ skip }) => {
  const missing = findMissingBrowser();
  skip(missing !== null, `${missing}`);
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-documents-'));
  const browser = await startBrowser();
  try {
    const files = filesOf(described.get(hostile) as Description);
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { page, faults } = await openPage(browser, 'http://localhost');
    page.on('dialog', (dialog) => faults.push(dialog.message()));
    await page.goto(pathToFileURL(join(folder, 'index.html')).href);
    const names = await page.locator('td:first-child > code').allInnerTexts();
    for (const name of ['"<script>alert(1)</script>"', '"[link](javascript:alert(1))"', '"|pipe|"'])
      expect(names).toContain(name);
    expect(await page.locator('script, img, iframe, [onerror], a[href^="javascript"]').count()).toBe(0);
    expect(await findViolations(page)).toEqual([]);
    const title = '#relation\\.public\\.users';
    expect(await page.locator(`${title} + p`).innerText()).toContain('<script>alert(1)</script> | pipe |');
    await page.goto(pathToFileURL(join(folder, 'diagram.svg')).href);
    expect(await page.locator('parsererror').count()).toBe(0);
    expect(await page.locator('svg > a').count()).toBe(9);
    expect(await page.locator('svg script, svg img').count()).toBe(0);
    expect(await page.locator('svg text').allTextContents()).toContain('public.<img src=x onerror=alert(1)>');
    expect(faults).toEqual([]);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
});

test('on a narrow screen the page stays in its width, and names of types stay whole', async ({ skip }) => {
  const missing = findMissingBrowser();
  skip(missing !== null, `${missing}`);
  const browser = await startBrowser();
  try {
    const { page } = await openPage(browser, 'http://localhost');
    await page.setViewportSize({ width: 360, height: 740 });
    const schema = described.get(join(repository, 'schema')) as Description;
    await page.setContent(filesOf(schema)['index.html'] as string);
    expect(await isTooWide(page)).toBe(false);
    expect(await findViolations(page)).toEqual([]);
    const lines = await page
      .locator('td > code:text-is("integer"), td > code:text-is("bigint")')
      .evaluateAll((codes) => codes.map((code) => code.getClientRects().length));
    expect(lines.length).toBeGreaterThan(0);
    expect(new Set(lines)).toEqual(new Set([1]));
  } finally {
    await browser.close();
  }
});

test('every server and the embedded shadow give the same bytes', async () => {
  const found = new Map<string, string>();
  writeFileSync(join(own.context.project.root, 'full.sql'), fillSchema);
  const embedded = await describeSource(own.context, join(own.context.project.root, 'full.sql'));
  found.set('embedded', JSON.stringify(filesOf(embedded), null, 1));
  for (const server of servers())
    await withDatabase(server, async ({ url }) => {
      await rowsOf(url, fillSchema);
      const description = await withSession(url, (session) => snapshot(session, readDescription));
      // As the role that loads shadows, which no file names.
      const same = JSON.stringify(description).replaceAll('"owner":"postgres"', '"owner":"pgmage"');
      found.set(`${server.major}`, JSON.stringify(filesOf(JSON.parse(same)), null, 1));
    });
  const [first, ...others] = found.values();
  for (const other of others) expect(other).toBe(first);
  expect(first).toContain('Row security is enabled.');
  const page = filesOf(embedded)['schema-shop.md'] as string;
  for (const part of [
    // Of a partitioned table, its partitions say nothing more.
    'Referenced by [`shop.customers`](#relation.shop.customers), [`shop.orders`](#relation.shop.orders)\n',
    '`mine` (restrictive)',
    '| `PUBLIC` | `SELECT` |',
    'Privileges on `shop.numbers`:',
    '| `PUBLIC` | `USAGE` |',
    'No other role than its owner may use it.',
    '| `PUBLIC` | `UPDATE` | `name` |',
    '| `PUBLIC` | `ALL` | `email` |',
    '| `PUBLIC` | `ALL` |',
    'generated: `upper(name)`',
    'Partitions: `shop.orders_2026`',
  ])
    expect(page).toContain(part);
});
