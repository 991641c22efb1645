// Blocks as Markdown (CommonMark with the tables of GitHub). Names and comments of a database stay text.
import { separateAutolinks } from '../problem/autolinks.ts';
import { makeLegible } from '../problem/legible.ts';
import { type Anchor, type Block, type Inline, onOneLine, type RichLine } from './blocks.ts';

/** The place of an anchor in the documents. */
export type Locate = (anchor: Anchor) => string;

/** The blocks of a page. */
export function renderMarkdown(blocks: readonly Block[], locate: Locate): string {
  return blocks.map((block) => renderBlock(block, locate)).join('\n\n');
}

function renderBlock(block: Block, locate: Locate): string {
  if (block.is === 'paragraph') return escapeStart(renderLine(block.text, locate));
  if (block.is === 'heading') {
    const anchor = block.id === null ? '' : `<a id="${block.id}"></a>\n\n`;
    return `${anchor}${'#'.repeat(block.level)} ${renderLine(block.text, locate)}`;
  }
  const rows = block.rows.map((row) => row.map((cell) => renderLine(cell, locate)));
  return [block.head, block.head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function renderLine(line: RichLine, locate: Locate): string {
  return line.map((inline) => renderInline(inline, locate)).join('');
}

function renderInline(inline: Inline, locate: Locate): string {
  if (typeof inline === 'string') return escapeMarkdown(inline);
  if ('code' in inline) return renderCode(inline.code);
  return `[${renderCode(inline.label)}](${locate(inline.to)})`;
}

// With a pipe, a backslash or a backtick, code needs escapes, which only work outside of backticks.
function renderCode(code: string): string {
  const shown = makeLegible(onOneLine(code));
  const isPlain = /^[\p{L}\p{N}_.,:;=+*/%^?!@~'"<>()[\]→ &-]+$/u.test(shown) && shown.trim() === shown;
  if (isPlain) return `\`${shown}\``;
  const escaped = shown.replace(/[^\p{L}\p{N} ]/gu, (one) => `&#${one.codePointAt(0)};`);
  return `<code>${separateAutolinks(escaped)}</code>`;
}

/**
 * A text that means nothing but itself, also in a cell. Braces are entities because VitePress would evaluate
 * them.
 */
export function escapeMarkdown(text: string): string {
  return text
    .split(/\r?\n|\r/)
    .map((line) =>
      separateAutolinks(
        makeLegible(line)
          .replace(/[\\`*_[\]#~$!]/g, '\\$&')
          .replace(/[&<>|{}]/g, (one) => `&#${one.charCodeAt(0)};`),
      ),
    )
    .join('<br>');
}

// A number or a sign at its start would make a list or a rule of it.
function escapeStart(line: string): string {
  return line.replace(/^(\s*)([+=-])/, '$1\\$2').replace(/^(\s*\d+)([.)])/, '$1\\$2');
}
