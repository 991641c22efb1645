// The language of what people read: the texts, comments and documents of pgmage.
import { expect, test } from 'vitest';
import { messages } from '../lib/problem/messages.ts';
import { documents, read, sentences, withoutCode, words as wordsOf } from './docs/markdown.ts';
import { comments, sources } from './house/sources.ts';

const headless =
  /\b(nobody|somebody|whoever|anew|is told|is said|not to be had|in the place of|as it does not)\b/i;
const old =
  /\b(thereof|therein|whereof|wherein|whereby|shall|is meant|as far as|stands in|so that nobody)\b/i;

/** The lines of a text that match, as `path:line: text`. */
function matches(path: string, text: string, pattern: RegExp): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : []));
}

test('no text says nobody, somebody or whoever, and none is told or said', () => {
  const files = sources('lib', 'tasks', 'web').map(({ path, text }) => [path, text] as const);
  const texts = documents().map((path) => [path, withoutCode(read(path))] as const);
  expect(texts.length).toBeGreaterThan(40);
  expect(files.length).toBeGreaterThan(100);
  expect([...files, ...texts].flatMap(([path, text]) => matches(path, text, headless))).toEqual([]);
});

test('documents use the words of today', () => {
  const texts = documents().map((path) => [path, withoutCode(read(path))] as const);
  expect(texts.flatMap(([path, text]) => matches(path, text, old))).toEqual([]);
});

test('sentences of documents have at most 25 words', () => {
  const long = documents().flatMap((path) =>
    sentences(read(path))
      .filter(({ text }) => wordsOf(text).length > 25)
      .map(({ line, text }) => `${path}:${line}: ${text}`),
  );
  expect(long).toEqual([]);
});

test('a long sentence of a document is found in a paragraph, an item and a cell', () => {
  const long = Array.from({ length: 26 }, () => 'word').join(' ');
  const short = 'Two words. `code` [a link](target.md).';
  for (const text of [`${long}.`, `- ${long}`, `| a | ${long} |`, `${short}\n${long}`, `## ${long}`])
    expect(sentences(text).some((one) => wordsOf(one.text).length === 26)).toBe(true);
  expect(
    sentences(`\`\`\`\n${long}\n\`\`\`\n${short}`)
      .map(({ text }) => text)
      .filter(Boolean),
  ).toEqual(['Two words', 'code a link']);
});

test('comments name their subject first', () => {
  const open = /^\*?\s*(What|Whatever|Which|Where|Whether|Who|Whoever|Whose)\b/;
  const found = sources('lib', 'tasks', 'web').flatMap((source) =>
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
  const text = read('CONTEXT.md');
  const words = text.match(/^\| \*\*/gm) ?? [];
  expect(words.length).toBeGreaterThan(20);
  expect(words.length).toBeLessThanOrEqual(40);
});
