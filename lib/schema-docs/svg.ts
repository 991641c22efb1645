// A picture as the text of an SVG file, or of a part of a page.
import type { SvgElement } from './drawing.ts';
import { escapeXml } from './html.ts';

const style = `
.erd { font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }
.erd .box { fill: #fff; stroke: #57606a }
.erd .head { fill: #dbe7f5 }
.erd text { fill: #1f2328 }
.erd .name, .erd .sign { font-weight: bold }
.erd .key { text-decoration: underline }
.erd .type { fill: #57606a; text-anchor: end }
.erd .link { fill: none; stroke: #57606a; stroke-width: 1.2 }
.erd .context .box { stroke-dasharray: 2 3 }
.erd .context .head { fill: #f6f8fa }
.erd a:hover .box { stroke: #0550ae; stroke-width: 2 }
.erd .added > .row, .erd .added > .head { fill: #dafbe1 }
.erd .changed > .row, .erd .changed > .head { fill: #fff8c5 }
.erd .removed > .row, .erd .removed > .head { fill: #ffebe9 }
.erd .added > .box { stroke: #1a7f37; stroke-width: 2 }
.erd .changed > .box { stroke: #9a6700; stroke-width: 2 }
.erd .removed > .box { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 6 4 }
.erd .added > .link { stroke: #1a7f37; stroke-width: 2 }
.erd .changed > .link { stroke: #9a6700; stroke-width: 2 }
.erd .removed > .link { stroke: #cf222e; stroke-width: 2; stroke-dasharray: 6 4 }
.erd .removed > text:not(.sign):not(.type) { text-decoration: line-through }
.erd .on-link { text-anchor: middle; font-size: 16px; paint-order: stroke; stroke: #fff; stroke-width: 4px }
@media (prefers-color-scheme: dark) {
  .erd .box { fill: #161b22; stroke: #8b949e }
  .erd .head { fill: #1f2f46 }
  .erd text { fill: #e6edf3 }
  .erd .type { fill: #9ea7b3 }
  .erd .link { stroke: #8b949e }
  .erd .context .head { fill: #21262d }
  .erd .added > .row, .erd .added > .head { fill: #12361f }
  .erd .changed > .row, .erd .changed > .head { fill: #3a2d08 }
  .erd .removed > .row, .erd .removed > .head { fill: #48191c }
  .erd .added > .box, .erd .added > .link { stroke: #3fb950 }
  .erd .changed > .box, .erd .changed > .link { stroke: #d29922 }
  .erd .removed > .box, .erd .removed > .link { stroke: #f85149 }
  .erd .on-link { stroke: #0d1117 }
}
`;

/** The text of a drawing, with its style. */
export function writeSvg({ tag, attributes, children }: SvgElement): string {
  const [title, ...rest] = children.map((child) =>
    typeof child === 'string' ? escapeXml(child) : write(child),
  );
  return `${openTag(tag, attributes)}\n${[title, `<style>${style}</style>`, ...rest].join('\n')}\n</${tag}>`;
}

function write({ tag, attributes, children }: SvgElement): string {
  if (children.length === 0) return openTag(tag, attributes).replace(/>$/, '/>');
  const texts = children.map((child) => (typeof child === 'string' ? escapeXml(child) : write(child)));
  // Each table begins a line, so that two versions of a file can be compared.
  const by = String(attributes.class).startsWith('table') ? '\n' : '';
  return [openTag(tag, attributes), ...texts, `</${tag}>`].join(by);
}

function openTag(tag: string, attributes: SvgElement['attributes']): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeXml(String(value))}"`);
  return `<${tag}${pairs.join('')}>`;
}
