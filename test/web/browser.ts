// Debian's Chromium, a page in it, and what every test wants to know of the page.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const executable = process.env.PGMAGE_CHROMIUM ?? '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const repository = join(import.meta.dirname, '../..');
const folder = join(repository, 'test-results/screenshots');

/** The reason why no browser can be started here; null: there is one. */
export function findMissingBrowser(): string | null {
  if (existsSync(executable)) return null;
  return `Chromium is not at ${executable}: apt-get install chromium, or set PGMAGE_CHROMIUM`;
}

/** Starts the browser. */
export function startBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-background-networking', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: executable, headless: true, args });
}

/** A page with everything that went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, uncaught errors, and violations of the content security policy. */
  readonly faults: string[];
  close(): Promise<void>;
}

/** How a page is seen. */
export interface View {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  /** Of an earlier page, with its session. */
  readonly context?: BrowserContext;
}

/** Opens a page. Requests that it refuses, or does not get, are no faults. */
export async function openPage(browser: Browser, base: string, view: View = {}): Promise<WatchedPage> {
  const context =
    view.context ??
    (await browser.newContext({
      baseURL: base,
      viewport: { width: view.width ?? 1280, height: 900 },
      colorScheme: view.scheme ?? 'light',
      reducedMotion: 'reduce',
      acceptDownloads: true,
    }));
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    const isRefusal = /Failed to load resource: (the server responded with a status of 4\d\d|net::ERR_)/.test(
      message.text(),
    );
    if (/error|warning/.test(message.type()) && !isRefusal) faults.push(message.text());
  });
  return { page, faults, close: () => (view.context ? page.close() : context.close()) };
}

/** Logs in where the login is shown. */
export async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/**
 * Runs axe on the page.
 * @returns each violation with the places where it is
 */
export async function findViolations(page: Page): Promise<string[]> {
  const found: { id: string; help: string; nodes: { html: string }[] }[] = await evaluate(
    page,
    `${axe}; axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  );
  return found.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** True if the page is wider than its window. */
export function isTooWide(page: Page): Promise<boolean> {
  return evaluate(page, `document.documentElement.scrollWidth > document.documentElement.clientWidth`);
}

/** The accessible name of the element that has the focus. */
export function findFocus(page: Page): Promise<string> {
  return evaluate(
    page,
    `(({ activeElement: one }) => one.getAttribute('aria-label') ?? one.labels?.[0]?.innerText ?? one.innerText)(document)`,
  );
}

// In a world of its own: the policy of the page keeps foreign scripts out.
async function evaluate<T>(page: Page, expression: string): Promise<T> {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send('Page.getFrameTree');
    const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', {
      frameId: frameTree.frame.id,
      worldName: 'tests',
    });
    const asked = { expression, contextId, awaitPromise: true, returnByValue: true };
    const answer = await session.send('Runtime.evaluate', asked);
    if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails).slice(0, 1000));
    return answer.result.value as T;
  } finally {
    await session.detach();
  }
}

/** Keeps a picture of the page in test-results/screenshots. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Builds the page where the service looks for it: the tests see the sources of today. */
export function buildPage(): void {
  execFileSync(process.execPath, ['build-web.js'], { cwd: repository, stdio: 'inherit' });
}
