// Blocks and pictures as one HTML page, which needs no other file and runs no script.
import { makeLegible } from '../problem/legible.ts';
import { type Block, type Inline, onOneLine, type RichLine } from './blocks.ts';

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0550ae, #79b8ff) }
html { background: light-dark(#fff, #0d1117); color: light-dark(#1f2328, #e6edf3) }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem 1.5rem 4rem }
h1, h2, h3, h4 { line-height: 1.25; margin: 2em 0 .5em }
h3 { border-top: 1px solid var(--line); padding-top: 1em }
a { color: var(--link) }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .25em .6em; text-align: left; vertical-align: top }
td { min-width: 4.5rem }
h2 code, h3 code { font-size: .9em; line-height: inherit }
th { background: var(--soft) }
figure { border: 1px solid var(--line); margin: 1em 0; max-height: 80vh; overflow: auto; padding: .5em }
`;

/** A picture with its title. */
export interface Figure {
  /** Null: it needs none. */
  readonly caption: RichLine | null;
  /** SVG, without the declaration of a file. */
  readonly svg: string;
}

/** A part of the page. */
export interface HtmlSection {
  readonly title: RichLine;
  readonly id: string;
  readonly blocks: readonly Block[];
}

/** The content of the page. */
export interface HtmlPage {
  /** The first comment, by which the file is known. */
  readonly mark: string;
  readonly title: string;
  readonly about: readonly RichLine[];
  /** The list of its parts. */
  readonly contents: readonly RichLine[];
  readonly figures: readonly Figure[];
  readonly sections: readonly HtmlSection[];
}

/** The page. */
export function renderHtml({ mark, title, about, contents, figures, sections }: HtmlPage): string {
  const entries = contents.map((line) => `<li>${renderLine(line)}</li>`);
  return `${[
    '<!doctype html>',
    `<!-- ${mark} -->`,
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<h1>${escapeXml(title)}</h1>`,
    ...about.map((line) => `<p>${renderLine(line)}</p>`),
    ...(entries.length === 0 ? [] : [`<nav><ul>\n${entries.join('\n')}\n</ul></nav>`]),
    ...figures.map(renderFigure),
    ...sections.map(renderSection),
    '</main>',
    '</body>',
    '</html>',
  ].join('\n')}\n`;
}

// A figure and a wide table scroll, so the keyboard must reach them (WCAG 2.1.1).
function renderFigure({ caption, svg }: Figure): string {
  const figure = `<figure tabindex="0">\n${svg}\n</figure>`;
  if (caption === null) return figure;
  // A summary is a button, which can hold no link.
  const title = caption.map((inline) =>
    typeof inline === 'object' && 'label' in inline ? { code: inline.label } : inline,
  );
  return `<details>\n<summary>${renderLine(title)}</summary>\n${figure}\n</details>`;
}

function renderSection({ title, id, blocks }: HtmlSection): string {
  const heading = `<h2 id="${id}">${renderLine(title)}</h2>`;
  return ['<section>', heading, ...blocks.map(renderBlock), '</section>'].join('\n');
}

function renderBlock(block: Block): string {
  if (block.is === 'paragraph') return `<p>${renderLine(block.text)}</p>`;
  if (block.is === 'heading') {
    const id = block.id === null ? '' : ` id="${block.id}"`;
    // The headings of the page and of the schema come before.
    const level = block.level + 1;
    return `<h${level}${id}>${renderLine(block.text)}</h${level}>`;
  }
  const head = block.head.map((name) => `<th>${escapeXml(name)}</th>`).join('');
  const rows = block.rows.map(
    (row) => `<tr>${row.map((cell) => `<td>${renderLine(cell)}</td>`).join('')}</tr>`,
  );
  const body = `<tbody>\n${rows.join('\n')}\n</tbody>`;
  return `<table tabindex="0">\n<thead><tr>${head}</tr></thead>\n${body}\n</table>`;
}

const renderLine = (line: RichLine): string => line.map(renderInline).join('');

function renderInline(inline: Inline): string {
  if (typeof inline === 'string') return renderText(inline);
  if ('code' in inline) return `<code>${escapeXml(onOneLine(inline.code))}</code>`;
  return `<a href="#${inline.to.id}"><code>${escapeXml(inline.label)}</code></a>`;
}

const renderText = (text: string) =>
  text
    .split(/\r?\n|\r/)
    .map(escapeXml)
    .join('<br>');

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text of one line for HTML and XML, where control characters are not allowed. */
export function escapeXml(text: string): string {
  return makeLegible(text).replace(/[&<>"']/g, (one) => entities[one] as string);
}
