// The diagram as SVG.

import { anchorOf } from './blocks.ts';
import { escapeXml } from './html.ts';
import { type Box, type Diagram, type Link, lineHeight, mostLetters, titleHeight } from './layout.ts';

const style = `
.erd { font: 12px ui-monospace, Menlo, Consolas, monospace }
.erd .box { fill: #fff; stroke: #57606a }
.erd .title { fill: #dbe7f5 }
.erd text { fill: #1f2328 }
.erd .name { font-weight: bold }
.erd .key { text-decoration: underline }
.erd .type { fill: #57606a; text-anchor: end }
.erd .link { fill: none; stroke: #57606a; stroke-width: 1.2 }
.erd a:hover .link, .erd a:hover .box { stroke: #0550ae; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  .erd .box { fill: #161b22; stroke: #8b949e }
  .erd .title { fill: #1f2f46 }
  .erd text { fill: #e6edf3 }
  .erd .type { fill: #9ea7b3 }
  .erd .link { stroke: #8b949e }
}
`;

/**
 * The diagram; each table is a link to its section.
 * @param page the file with the sections; empty: the page that the diagram is in
 */
export function renderSvg({ boxes, links, width, height }: Diagram, page: string): string {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="erd" ${size}>`,
    `<title>Tables and their foreign keys</title>`,
    `<style>${style}</style>`,
    ...links.map(renderLink),
    ...boxes.map((box) => renderBox(box, page)),
    '</svg>',
  ].join('\n');
}

function renderBox({ relation, x, y, width, height, shown }: Box, page: string): string {
  const keys = new Set(relation.constraints.find(({ sort }) => sort === 'primary')?.columns);
  const rest = relation.columns.length - shown.length;
  const lines = shown.map(({ name, typeText, nullable }, at) => {
    const base = y + titleHeight + (at + 1) * lineHeight - 4;
    const key = keys.has(name) ? ' class="key"' : '';
    const type = `${shorten(typeText)}${nullable ? '?' : ''}`;
    return (
      `<text${key} x="${x + 8}" y="${base}">${escapeXml(shorten(name))}</text>` +
      `<text class="type" x="${x + width - 8}" y="${base}">${escapeXml(type)}</text>`
    );
  });
  const more = y + titleHeight + (shown.length + 1) * lineHeight - 4;
  return [
    `<a href="${page}#${anchorOf('relation', relation.path).id}">`,
    `<title>${escapeXml(relation.comment ?? relation.path.join('.'))}</title>`,
    `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="4"/>`,
    `<rect class="title" x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${titleHeight - 2}" rx="3"/>`,
    `<text class="name" x="${x + 8}" y="${y + 17}">${escapeXml(shorten(relation.path.join('.')))}</text>`,
    ...lines,
    ...(rest > 0 ? [`<text x="${x + 8}" y="${more}">… ${rest} more</text>`] : []),
    '</a>',
  ].join('\n');
}

// From the left side of the referencing column to the right side of the title of the other table. Where that
// is not to the left, the line leaves on the right.
function renderLink({ name, from, to, columns, required, unique }: Link): string {
  const at = from.shown.findIndex((column) => column.name === columns[0]);
  const y1 = at < 0 ? from.y + from.height - 8 : from.y + titleHeight + (at + 0.5) * lineHeight;
  const y2 = to.y + titleHeight / 2;
  const isLeft = to.x + to.width < from.x;
  const x1 = isLeft ? from.x : from.x + from.width;
  const x2 = to.x + to.width;
  const bend = isLeft ? Math.max(30, (x1 - x2) / 2) : 60;
  const [c1, c2] = isLeft ? [x1 - bend, x2 + bend] : [x1 + bend, x2 + bend];
  const foot = unique ? '' : ` M ${x1} ${y1 - 4} l ${isLeft ? -8 : 8} 4 l ${isLeft ? 8 : -8} 4`;
  const end = required
    ? ` M ${x2 + 6} ${y2 - 5} v 10`
    : ` M ${x2 + 3} ${y2} a 3 3 0 1 0 6 0 a 3 3 0 1 0 -6 0`;
  return (
    `<path class="link" d="M ${x1} ${y1} C ${c1} ${y1} ${c2} ${y2} ${x2} ${y2}${foot}${end}">` +
    `<title>${escapeXml(name)}</title></path>`
  );
}

function shorten(text: string): string {
  const letters = [...text];
  return letters.length > mostLetters ? `${letters.slice(0, mostLetters - 1).join('')}…` : text;
}
