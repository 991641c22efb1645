// Markdown as data: the documents of the repository, their generated parts, links, anchors and sentences.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The root of the repository. */
export const repository = join(import.meta.dirname, '../..');

/** Every document of the repository that a person reads, by its path from the root. */
export function documents(): string[] {
  const top = [
    'README',
    'CHANGELOG',
    'CONTEXT',
    'CONTRIBUTING',
    'SKILL',
    'migrations/README',
    'examples/README',
  ];
  const examples = readdirSync(join(repository, 'examples'), { withFileTypes: true });
  const own = examples.filter((entry) => entry.isDirectory()).map(({ name }) => `examples/${name}/README`);
  return [...[...top, ...own].map((path) => `${path}.md`), ...pages()];
}

/** Every page below `docs/`. */
export function pages(): string[] {
  return readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => `docs/${path.replaceAll('\\', '/')}`)
    .sort();
}

/** The text of a file of the repository. */
export function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** The text without code blocks and comments. The lines keep their numbers. */
export function withoutCode(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, '');
  return text.replace(/^( *)(```+)[\s\S]*?^\1\2 *$/gm, blank).replace(/<!--[\s\S]*?-->/g, blank);
}

/** The blocks of code of a document, without their fences. */
export function codeBlocks(text: string): string[] {
  return [...text.matchAll(/^( *)(```+)[^\n]*\n([\s\S]*?)^\1\2 *$/gm)].map(([, , , code]) => code as string);
}

/** A sentence with the line that it begins on. */
export interface Sentence {
  readonly line: number;
  readonly text: string;
}

/** The sentences of a document: of its headings, paragraphs, items and cells of tables. */
export function sentences(text: string): Sentence[] {
  const blocks: { line: number; text: string }[] = [];
  let open = false;
  const lines = withoutCode(text).split('\n');
  for (const [index, line] of lines.entries()) {
    const item = /^(>\s*)*\s*([-*]|\d+\.)\s/.test(line);
    const words = plain(line.replace(/^(>\s*)*\s*([-*]|\d+\.|#+)?\s/, ''));
    if (line.trim() === '' || /^\|?[-\s|:]+$/.test(line)) open = false;
    else if (line.startsWith('|')) {
      open = false;
      for (const cell of words.split('|')) blocks.push({ line: index + 1, text: cell });
    } else if (/^#/.test(line)) {
      open = false;
      blocks.push({ line: index + 1, text: words });
    } else if (open && !item) (blocks.at(-1) as { text: string }).text += ` ${words}`;
    else {
      open = true;
      blocks.push({ line: index + 1, text: words });
    }
  }
  return blocks.flatMap((block) =>
    block.text.split(/[.?!:;](?:\s|$)/).map((one) => ({ line: block.line, text: one.trim() })),
  );
}

// Code and the address of a link count as one word each.
function plain(line: string): string {
  return line
    .replace(/`[^`]*`/g, 'code')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_]{2}/g, '');
}

/** The words of a sentence. */
export function words(sentence: string): string[] {
  return sentence.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
}

/** The anchors of the headings of a page, as GitHub makes them. */
export function anchors(text: string): string[] {
  const seen = new Map<string, number>();
  const headings = withoutCode(text).match(/^#{1,6} .*$/gm) ?? [];
  return headings.map((heading) => {
    const base = heading
      .replace(/^#+ /, '')
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    return count === 0 ? base : `${base}-${count}`;
  });
}

/** The links of a document that lead to nothing: files and anchors of the repository. */
export function brokenLinks(path: string): string[] {
  const targets = [...withoutCode(read(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to]) => to as string);
  return targets
    .filter((to) => !/^[a-z]+:/i.test(to))
    .filter((to) => {
      const [file = '', anchor] = to.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(repository, target))) return true;
      return anchor !== undefined && !anchors(read(target)).includes(anchor);
    })
    .map((to) => `${path}: ${to}`);
}

/** A document with its generated parts, which stand between two comments, replaced by new ones. */
export function withParts(text: string, parts: Readonly<Record<string, string>>): string {
  return text.replace(
    /(<!-- begin: (\S+) -->\n)[\s\S]*?(<!-- end: \2 -->)/g,
    (whole, begin: string, name: string, end: string) =>
      parts[name] === undefined ? whole : `${begin}${parts[name]}\n${end}`,
  );
}
