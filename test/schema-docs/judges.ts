// Judges of documents that pgmage did not write: Chromium's parser of XML, Mermaid, and GitHub's Markdown.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findMissingBrowser, startBrowser } from '../web/browser.ts';
import { linksIn } from './links.ts';

// Packed and unpacked, not installed: the file for browsers needs no other package.
const mermaid = 'mermaid@11.12.0';
const markdown = ['micromark@4.0.2', 'micromark-extension-gfm@3.0.0'];

/** The judges. */
export interface Judges {
  /** What is wrong with the files of one schema. */
  judge(files: ReadonlyMap<string, string>): Promise<string[]>;
  /** Takes a picture of an SVG file. */
  keepPicture(file: string, to: string): Promise<void>;
  close(): Promise<void>;
}

type Micromark = (text: string, options: object) => string;

/** Fetches what is needed from the registry into a folder of its own, and starts the browser. */
export async function openJudges(): Promise<Judges> {
  const missing = findMissingBrowser();
  if (missing !== null) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), 'pgmage-judges-'));
  const npm = (...args: string[]) =>
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const packed = npm('pack', mermaid, '--silent').toString().trim();
  execFileSync('tar', ['-xzf', packed, 'package/dist/mermaid.min.js'], { cwd: folder });
  npm('install', '--no-audit', '--no-fund', '--ignore-scripts', '--silent', ...markdown);
  const load = (name: string) =>
    import(pathToFileURL(join(folder, 'node_modules', name, 'index.js')).href) as Promise<
      Record<string, never>
    >;
  const { micromark } = (await load('micromark')) as unknown as { micromark: Micromark };
  const { gfm, gfmHtml } = (await load('micromark-extension-gfm')) as unknown as Record<string, () => object>;
  const browser = await startBrowser();
  const page = await browser.newPage();
  await page.addScriptTag({ content: readFileSync(join(folder, 'package/dist/mermaid.min.js'), 'utf8') });
  const toHtml = (text: string) =>
    micromark(text, {
      allowDangerousHtml: true,
      extensions: [gfm?.()],
      htmlExtensions: [gfmHtml?.()],
    });
  return {
    async judge(files) {
      const faults: string[] = [];
      for (const [name, text] of files) {
        if (name.endsWith('.svg')) {
          const error = await page.evaluate<string | null>(parseXml(text));
          if (error !== null) faults.push(`${name}: ${error}`);
        }
        if (name.endsWith('.md')) faults.push(...judgeMarkdown(name, text, toHtml(text)));
        const [, diagram] = /```mermaid\n([^`]*)\n```/.exec(text) ?? [];
        if (diagram !== undefined) {
          const error = await page.evaluate<string | null>(drawMermaid(diagram));
          if (error !== null) faults.push(`${name}: Mermaid: ${error}`);
        }
      }
      return faults;
    },
    async keepPicture(file, to) {
      const drawn = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
      await drawn.goto(pathToFileURL(file).href);
      const svg = drawn.locator('svg').first();
      const [width, height] = [
        Number(await svg.getAttribute('width')),
        Number(await svg.getAttribute('height')),
      ];
      await drawn.setViewportSize({ width: Math.min(width, 8000), height: Math.min(height, 8000) });
      await drawn.screenshot({ path: to });
      await drawn.close();
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// As texts: these run in the page.
const parseXml = (text: string) => `
  new DOMParser().parseFromString(${JSON.stringify(text)}, 'image/svg+xml').querySelector('parsererror')
    ?.textContent ?? null`;

// Limits count when it is drawn, not when it is parsed.
const drawMermaid = (text: string) => `
  mermaid.parse(${JSON.stringify(text)})
    .then(() => mermaid.render('drawn', ${JSON.stringify(text)}))
    .then(({ svg }) => /Maximum text size|Too many edges/.exec(svg)?.[0] ?? null, String)`;

// Links of pgmage lead to its own files; any other was made of a name or a comment.
function judgeMarkdown(name: string, text: string, html: string): string[] {
  const links = [...html.matchAll(/<a href="([^"]*)"/g)].map(([, link]) => link as string);
  const foreign = links.filter((link) => !/^(?:[\w.-]+\.(?:md|svg|html))?(?:#[\w.-]+)?$/.test(link));
  const written = linksIn(name, text).length;
  return [
    ...foreign.map((link) => `${name}: Markdown links to ${link}`),
    ...(links.length === written
      ? []
      : [`${name}: ${written} links are written, Markdown has ${links.length}`]),
  ];
}
