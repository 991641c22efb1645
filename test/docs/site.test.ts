// The static site of the documentation: it is built, and every link of it leads to a page and a place.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pages, repository } from './markdown.ts';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pgmage-site-'));
  const program = join(repository, 'node_modules/.bin/vitepress');
  await new Promise<void>((resolve, reject) => {
    execFile(program, ['build', 'docs', '--outDir', folder], { cwd: repository }, (error, out, log) =>
      error === null ? resolve() : reject(new Error(out + log)),
    );
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The file of the site that an address stands for. */
function fileOf(path: string): string | undefined {
  const found = [path, `${path}.html`, join(path, 'index.html')].map((name) => join(folder, name));
  return found.find((file) => existsSync(file) && statSync(file).isFile());
}

const addressOf = (page: string) =>
  page
    .replace(/^docs/, '')
    .replace(/README\.md$/, '')
    .replace(/\.md$/, '');

test('every page of docs/ is a page of the site', () => {
  expect(pages().filter((page) => fileOf(addressOf(page)) === undefined)).toEqual([]);
});

test('every link, picture and script of the site leads to a file and a place', () => {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.html'),
  );
  expect(files.length).toBeGreaterThan(60);
  const ids = new Map<string, Set<string>>();
  const idsOf = (file: string) => {
    const known =
      ids.get(file) ??
      new Set([...readFileSync(file, 'utf8').matchAll(/ id="([^"]+)"/g)].map(([, id]) => id as string));
    ids.set(file, known);
    return known;
  };
  let links = 0;
  const broken = files.flatMap((file) => {
    const html = readFileSync(join(folder, file), 'utf8');
    return [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].flatMap(([, to = '']) => {
      const url = new URL(to.replaceAll('&amp;', '&'), `http://site/${file}`);
      const path = decodeURIComponent(url.pathname);
      if (url.host !== 'site' || url.protocol !== 'http:') return [];
      links += 1;
      const target = fileOf(path);
      const place = decodeURIComponent(url.hash.slice(1));
      const isThere = target !== undefined && (place === '' || idsOf(target).has(place));
      return isThere ? [] : [`${file}: ${to}`];
    });
  });
  expect(links).toBeGreaterThan(2000);
  expect(broken).toEqual([]);
});
