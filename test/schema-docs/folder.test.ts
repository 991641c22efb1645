// The folder of db:docs: what is its own there, and what is not.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeDocs } from '../../lib/commands/write-docs.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project('postgres://nobody@127.0.0.1:1/none', cache);
  own.want('create table users (id bigint primary key);');
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});

const pathOf = (file: string) => join(own.context.project.root, file);

function write(files: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(pathOf(file)), { recursive: true });
    writeFileSync(pathOf(file), text);
  }
}

const mark = '<!-- Written by pgmage db:docs. Run it again instead of editing this file. -->\n';
const words = '# Ours\n\nFiles here are Written by pgmage db:docs.\n';

test('db:docs deletes only its own files, and none in folders below', async () => {
  const others = {
    'mine/other/README.md': mark,
    'mine/schema-notes.md': words,
    'mine/CONTRIBUTING.md': mark,
  };
  write({ ...others, 'mine/schema-gone.md': mark });
  expect((await writeDocs(own.context, { out: 'mine' })).removed).toEqual(['mine/schema-gone.md']);
  for (const [file, text] of Object.entries(others)) expect(readFileSync(pathOf(file), 'utf8')).toBe(text);
  expect(existsSync(pathOf('mine/schema-gone.md'))).toBe(false);
});

test('documents of another source in a folder below stay, and all four kinds of file are known again', async () => {
  await writeDocs(own.context, {});
  await writeDocs(own.context, { from: 'empty', out: 'docs/schema/none' });
  await writeDocs(own.context, { from: 'empty' });
  expect(await writeDocs(own.context, {})).toMatchObject({ removed: [] });
  for (const out of ['docs/schema', 'docs/schema/none']) {
    const from = out === 'docs/schema' ? {} : { from: 'empty' };
    expect(await writeDocs(own.context, { ...from, out, check: true })).toMatchObject({ upToDate: true });
  }
});

test('db:docs does not replace a file that only mentions it', async () => {
  write({ 'words/README.md': words });
  expect((await failure(writeDocs(own.context, { out: 'words' }))).code).toBe('not_generated');
});
