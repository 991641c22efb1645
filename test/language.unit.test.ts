// The language of what people read: the texts, comments and documents of pgmage.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { messages } from '../lib/problem/messages.ts';
import { comments, sources } from './house/sources.ts';

const repository = join(import.meta.dirname, '..');
const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'CONTEXT.md', 'migrations/README.md'];
const headless =
  /\b(nobody|somebody|whoever|anew|is told|is said|not to be had|in the place of|as it does not)\b/i;

/** The lines of a text that match, as `path:line: text`. */
function matches(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

test('no text says nobody, somebody or whoever, and none is told or said', () => {
  const files = sources('lib', 'tasks').map(({ path, text }) => [path, text] as const);
  const texts = documents.map((path) => [path, readFileSync(join(repository, path), 'utf8')] as const);
  expect(files.length).toBeGreaterThan(100);
  expect([...files, ...texts].flatMap(([path, text]) => matches(path, text, headless))).toEqual([]);
});

test('comments name their subject first', () => {
  const open = /^\*?\s*(What|Whatever|Which|Where|Whether|Who|Whoever|Whose)\b/;
  const found = sources('lib', 'tasks').flatMap((source) =>
    comments(source)
      .filter(({ value }) => open.test(value))
      .map(({ value, loc }) => `${source.path}:${loc?.start.line}: ${value.trim().split('\n')[0]}`),
  );
  expect(found).toEqual([]);
});

test('sentences of messages have at most 25 words', () => {
  const data = new Proxy({}, { get: (_, key) => (key === 'hint' ? null : ['x']) }) as never;
  const long = Object.entries(messages).flatMap(([code, { words, hint }]) =>
    [words(data), hint(data)].flatMap((text) =>
      text
        .split(/[.?!:;](?:\s|$)/)
        .filter((sentence) => sentence.split(/\s+/).filter((word) => /\w/.test(word)).length > 25)
        .map((sentence) => `${code}: ${sentence}`),
    ),
  );
  expect(long).toEqual([]);
});

test('CONTEXT.md lists at most 40 words', () => {
  const text = readFileSync(join(repository, 'CONTEXT.md'), 'utf8');
  const words = text.match(/^\| \*\*/gm) ?? [];
  expect(words.length).toBeGreaterThan(20);
  expect(words.length).toBeLessThanOrEqual(40);
});
