// Blocks and the diagram as one HTML page, which needs no other file and runs no script.
import { makeLegible } from '../problem/legible.ts';
import { type Block, type Inline, type RichLine, type SchemaDocument, schemaAnchor } from './blocks.ts';

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0550ae, #79b8ff) }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem 1.5rem 4rem }
h1, h2, h3, h4 { line-height: 1.25; margin: 2em 0 .5em }
h3 { border-top: 1px solid var(--line); padding-top: 1em }
a { color: var(--link) }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; display: block; max-width: 100%; overflow-x: auto }
th, td { border: 1px solid var(--line); padding: .25em .6em; text-align: left; vertical-align: top }
th { background: var(--soft) }
figure { border: 1px solid var(--line); margin: 1em 0; max-height: 80vh; overflow: auto; padding: .5em }
`;

/** The content of the page. */
export interface HtmlPage {
  /** The first comment, by which the file is known. */
  readonly mark: string;
  readonly title: string;
  /** The diagram as SVG, without the declaration of a file; null: there are no tables. */
  readonly diagram: string | null;
  readonly documents: readonly SchemaDocument[];
}

/** The page. */
export function renderHtml({ mark, title, diagram, documents }: HtmlPage): string {
  const entries = documents.map(
    ({ schema, counts }) =>
      `<li><a href="#${schemaAnchor(schema).id}"><code>${escapeXml(schema)}</code></a>: ` +
      `${counts.join(', ') || 'empty'}</li>`,
  );
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
    `<nav><ul>\n${entries.join('\n')}\n</ul></nav>`,
    ...(diagram === null ? [] : [`<figure>\n${diagram}\n</figure>`]),
    ...documents.map(renderDocument),
    '</main>',
    '</body>',
    '</html>',
  ].join('\n')}\n`;
}

function renderDocument({ schema, comment, blocks }: SchemaDocument): string {
  return [
    '<section>',
    `<h2 id="${schemaAnchor(schema).id}">Schema <code>${escapeXml(schema)}</code></h2>`,
    ...(comment === null ? [] : [`<p>${renderText(comment)}</p>`]),
    ...blocks.map(renderBlock),
    '</section>',
  ].join('\n');
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
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table>`;
}

const renderLine = (line: RichLine): string => line.map(renderInline).join('');

function renderInline(inline: Inline): string {
  if (typeof inline === 'string') return renderText(inline);
  if ('code' in inline) return `<code>${escapeXml(inline.code)}</code>`;
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
  return makeLegible(text)
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"']/g, (one) => entities[one] as string);
}
