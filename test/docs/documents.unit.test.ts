// The documents: generated parts are up to date, links lead somewhere, README is short and complete.
import { expect, test } from 'vitest';
import { toFlag } from '../../lib/runner/task.ts';
import { builtInTasks, generated, pageOf } from './generate.ts';
import { anchors, brokenLinks, codeBlocks, documents, pages, read, withParts } from './markdown.ts';
import { jsonSchema, reports } from './schemas.ts';

const manifest = JSON.parse(read('package.json'));

test('README has at most 9,000 bytes', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(9000);
});

test('generated parts are up to date: npm run docs:generate writes them', async () => {
  const texts = await generated();
  expect([...texts.keys()].filter((path) => path.endsWith('.md') && !documents().includes(path))).toEqual([]);
  expect(texts.size).toBeGreaterThan(20);
  const outdated = [...texts].filter(([path, text]) => read(path) !== text).map(([path]) => path);
  expect(outdated).toEqual([]);
});

test('every built-in task has a page with all its options, and the table of commands has the task', async () => {
  const tasks = await builtInTasks();
  expect(tasks.length).toBeGreaterThan(18);
  for (const { name, options, summary } of tasks) {
    expect(summary).not.toBe('');
    expect(pages()).toContain(pageOf(name));
    for (const option of options)
      expect([name, read(pageOf(name))]).toEqual([name, expect.stringContaining(`\`${toFlag(option.name)}`)]);
    expect(read('README.md')).toContain(`[\`${name}\`](${pageOf(name)})`);
  }
});

test('every page is listed on the front page of the documentation', () => {
  const front = read('docs/README.md') + read('docs/commands/README.md') + read('docs/decisions/README.md');
  const listed = pages().filter((path) => !path.endsWith('README.md'));
  const missing = listed.filter((path) => !front.includes(path.slice(path.lastIndexOf('/') + 1)));
  expect(missing).toEqual([]);
});

test('every link of the documents leads to a file and a heading', () => {
  expect(documents().flatMap(brokenLinks)).toEqual([]);
});

test('every link of README and of the pages leads into the package', () => {
  const packed = (path: string) =>
    manifest.files.some((file: string) => path === file || path.startsWith(`${file}/`));
  const outside = ['README.md', ...pages()].flatMap((path) =>
    linksOf(path)
      .map((to) => new URL(to, `file:///${path}`).pathname.slice(1))
      .filter((to) => !packed(to))
      .map((to) => `${path}: ${to}`),
  );
  expect(outside).toEqual([]);
});

function linksOf(path: string): string[] {
  return [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
    .map(([, to]) => to as string)
    .filter((to) => !/^[a-z]+:/i.test(to));
}

test('a link to a missing file or heading is found', () => {
  expect(anchors('# A `b:c` d\n## A `b:c` d\n```\n# no\n```')).toEqual(['a-bc-d', 'a-bc-d-1']);
  expect(withParts('<!-- begin: x -->\nold\n<!-- end: x -->', { x: 'new' })).toBe(
    '<!-- begin: x -->\nnew\n<!-- end: x -->',
  );
});

test('a configuration that uses defineConfig imports it, so that it can be pasted', () => {
  const blocks = documents().flatMap((path) => codeBlocks(read(path)).map((code) => ({ path, code })));
  const uses = blocks.filter(({ code }) => code.includes('defineConfig('));
  expect(uses.length).toBeGreaterThan(9);
  const isWhole = (code: string) => code.includes("import { defineConfig } from 'pgmage';\n");
  expect(uses.filter(({ code }) => !isWhole(code)).map(({ path }) => path)).toEqual([]);
});

test('every dependency has its reason', () => {
  const { dependencies, peerDependencies } = manifest;
  const text = read('docs/internals/dependencies.md');
  for (const name of Object.keys({ ...dependencies, ...peerDependencies }))
    expect(text).toContain(name.replace('@electric-sql/pglite-', '-'));
});

test('the guide of own tasks shows whole files, which the compiler reads', () => {
  const guide = read('docs/guides/own-tasks.md');
  for (const [file, shown] of [
    ['guide-shop', 'shop'],
    ['guide-task', 'release'],
  ]) {
    const [, ...lines] = read(`test/docs/${file}.ts`).replace("'../../lib/index.ts'", "'pgmage'").split('\n');
    expect(guide).toContain(['```ts', `// tasks/${shown}.ts`, ...lines].join('\n'));
  }
});

test('every task has a schema of what it prints with --json', async () => {
  const tasks = await builtInTasks();
  // These run until they are stopped, or print one text.
  const endless = ['db:watch', 'serve', 'serve:worker', 'serve:key', 'serve:unit'];
  const named = tasks.map(({ name }) => name).filter((name) => !endless.includes(name));
  expect(named.filter((name) => !(name in reports))).toEqual([]);
  const { $defs } = jsonSchema() as { $defs: Record<string, unknown> };
  for (const type of Object.values(reports)) expect($defs).toHaveProperty(type);
});
