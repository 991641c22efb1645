// The program as one file of chunks: how it is built from modules.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';

// A file of JavaScript, which has no types.
const { buildProgram } = await import(pathToFileURL('build-program.js').href);

let root = '';

beforeEach(() => {
  mkdirSync('test-results', { recursive: true });
  root = mkdtempSync(join('test-results', 'chunks-'));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Builds modules, runs `bin.js` of them, and gives what it put into `module.exports`. */
async function runChunks(files: Readonly<Record<string, string>>): Promise<unknown> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  const absWorkingDir = join(process.cwd(), root);
  const options = { absWorkingDir, outdir: join(absWorkingDir, 'out'), bundle: true, format: 'esm' } as const;
  const { text } = await buildProgram({ ...options, platform: 'node', logLevel: 'error' }, 'bin.js', {});
  const module = { exports: {} };
  const load = (name: string) => Promise.resolve({ loaded: name });
  runInThisContext(text)({}, createRequire(import.meta.url), module, 'bin.cjs', root, load);
  return module.exports;
}

test('a chunk that fails while it loads fails each time', async () => {
  const ends = await runChunks({
    'bin.js': `module.exports = () => import('./part.js').then((part) => part.value, (error) => error.message);`,
    'part.js': `export const value = 1; globalThis.chunkRuns = (globalThis.chunkRuns ?? 0) + 1;
      throw new Error('run ' + globalThis.chunkRuns);`,
  });
  const load = ends as () => Promise<unknown>;
  expect([await load(), await load()]).toEqual(['run 1', 'run 2']);
});

test('a method and a text with the word import stay as they are', async () => {
  const made = await runChunks({
    'bin.js': `const own = { import(name) { return 'method ' + name; } };
      module.exports = async () => [own.import('a'), 'x import("./y") import(z)',
        (await import(process.argv[0])).loaded, (await import('./part.js')).value];`,
    'part.js': 'export const value = 7;',
  });
  const list = made as () => Promise<unknown>;
  expect(await list()).toEqual(['method a', 'x import("./y") import(z)', process.argv[0], 7]);
});
