// The language of what people read: the texts, comments and documents of pgmage.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '@babel/types';
import { expect, test } from 'vitest';
import { messages } from '../lib/problem/messages.ts';
import { documents, read, repository, sentences, withoutCode, words as wordsOf } from './docs/markdown.ts';
import { textOf as textOfPicture } from './docs/screen.ts';
import { comments, nodes, programs, type Source, sources } from './house/sources.ts';

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

const everySource = () => [...sources('lib', 'tasks', 'web'), ...programs()];

// Files that people read on GitHub, and the pictures of the documents: of a picture, its text.
function otherTexts(): (readonly [string, string])[] {
  const below = (folder: string) =>
    readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name, parentPath }) => join(parentPath, name).slice(repository.length + 1));
  const pictures = below('docs').filter((path) => path.endsWith('.svg'));
  return [
    ...['action.yml', ...below('.github')].map((path) => [path, withoutExpressions(read(path))] as const),
    ...pictures.map(
      (path) =>
        [
          path,
          labelOf(read(path))
            .concat(textOfPicture(read(path)))
            .join('\n'),
        ] as const,
    ),
  ];
}

// `${{ runner.temp }}` is code of GitHub.
const withoutExpressions = (yaml: string) => yaml.replace(/\$\{\{.*?\}\}/g, '');

const labelOf = (svg: string) =>
  [...svg.matchAll(/aria-label="([^"]*)"/g)].map(([, label]) => label as string);

test('programs, texts for GitHub and pictures are among the files that are read', () => {
  const paths = [...everySource().map(({ path }) => path), ...otherTexts().map(([path]) => path)];
  for (const path of ['bin/cached.cjs', 'build.js', 'action/plan.mjs', 'action.yml', 'docs/terminal.svg'])
    expect(paths).toContain(path);
  expect(paths).toContain('.github/workflows/ci.yml');
  const [, picture] = otherTexts().find(([path]) => path === 'docs/terminal.svg') ?? [];
  expect(picture).toMatch(/^A terminal: [\s\S]*db:status/);
});

test('no text says nobody, somebody or whoever, and none is told or said', () => {
  const files = everySource().map(({ path, text }) => [path, text] as const);
  const texts = documents().map((path) => [path, withoutCode(read(path))] as const);
  expect(texts.length).toBeGreaterThan(40);
  expect(files.length).toBeGreaterThan(100);
  expect(
    [...files, ...texts, ...otherTexts()].flatMap(([path, text]) => matches(path, text, headless)),
  ).toEqual([]);
});

test('documents use the words of today', () => {
  const texts = documents().map((path) => [path, withoutCode(read(path))] as const);
  expect([...texts, ...otherTexts()].flatMap(([path, text]) => matches(path, text, old))).toEqual([]);
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

// `1 seconds` is wrong: formatCount puts a number and its noun together.
test('a count and its noun are put together by formatCount', () => {
  const bare = /(?<!join\([^)]*\))\} (?:seconds|rows|tables|tenants|values|attempts|sessions|files)\b/;
  const files = everySource();
  expect(files.flatMap(({ path, text }) => matches(path, text, bare))).toEqual([]);
  expect(matches('a', `in \${count} rows`, bare)).toHaveLength(1);
});

test('comments name their subject first', () => {
  const open = /^\*?\s*(What|Whatever|Which|Where|Whether|Who|Whoever|Whose)\b/;
  const found = everySource().flatMap((source) =>
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

// The words of a template, of parts that are joined, and of a text; a computed part counts as one word.
function textOf(node: Node): string {
  if (node.type === 'StringLiteral' || node.type === 'JSXText') return node.value;
  if (node.type === 'TemplateLiteral') return node.quasis.map(({ value }) => value.cooked ?? '').join('x');
  if (node.type === 'BinaryExpression' && node.operator === '+')
    return textOf(node.left) + textOf(node.right);
  return 'x';
}

const isText = ({ type }: Node) => /^(StringLiteral|TemplateLiteral|JSXText|BinaryExpression)$/.test(type);

/** The texts of a source that have several words and are no code. */
function textsOf({ tree }: Source): { readonly line: number; readonly text: string }[] {
  return nodes(tree)
    .filter(({ node, above }) => isText(node) && above.type !== 'BinaryExpression')
    .map(({ node }) => ({ line: node.loc?.start.line ?? 0, text: textOf(node) }))
    .filter(({ text }) => /\s/.test(text.trim()) && !code.test(text));
}

const code = /^<|\bselect\b|\bpg_catalog\b|\bexists \(|^(with|insert|update|delete|create|alter|do) /i;

test('sentences of the program and of the page have at most 25 words', () => {
  const all = everySource().flatMap((source) =>
    textsOf(source).map((one) => ({ ...one, path: source.path })),
  );
  expect(all.length).toBeGreaterThan(1000);
  const long = all.flatMap(({ path, line, text }) =>
    text
      .split(/[.?!:;](?:\s|$)|\n/)
      .filter((sentence) => wordsOf(sentence).filter((word) => /\p{L}/u.test(word)).length > 25)
      .map((sentence) => `${path}:${line}: ${sentence}`),
  );
  expect(long).toEqual([]);
});

// Words of the last column of CONTEXT.md that name something else, too: in PostgreSQL, in another tool or in
// another line of CONTEXT.md.
const ambiguous = new Set(
  (
    'archive base checksum copy customer exception exchange format hash history input live locked log model node ' +
    'operation owner remote script stage target tree type valid warning'
  ).split(' '),
);

test('no text has a word that CONTEXT.md avoids', () => {
  const rows = read('CONTEXT.md').match(/^\| \*\*.*$/gm) ?? [];
  const listed = rows
    .flatMap((row) => (row.split('|')[3] ?? '').split(','))
    .map((word) => word.replace(/\(.*/, '').trim())
    .filter((word) => word !== '');
  expect([...ambiguous].filter((word) => !listed.includes(word))).toEqual([]);
  const avoided = listed.filter((word) => !ambiguous.has(word));
  expect(avoided.length).toBeGreaterThan(15);
  // In capitals they are keywords of SQL.
  const forms = avoided.flatMap((word) => [word, word.charAt(0).toUpperCase() + word.slice(1)]);
  const pattern = new RegExp(`\\b(${forms.join('|')})s?\\b`);
  const shown = everySource().flatMap((source) =>
    textsOf(source).map(({ line, text }) => [`${source.path}:${line}`, text] as const),
  );
  const written = documents()
    .filter((path) => path !== 'CONTEXT.md')
    .map((path) => [path, withoutCode(read(path))] as const);
  expect(
    [...shown, ...written, ...otherTexts()].flatMap(([path, text]) => matches(path, text, pattern)),
  ).toEqual([]);
});

test('CONTEXT.md lists at most 40 words', () => {
  const text = read('CONTEXT.md');
  const words = text.match(/^\| \*\*/gm) ?? [];
  expect(words.length).toBeGreaterThan(20);
  expect(words.length).toBeLessThanOrEqual(40);
});
