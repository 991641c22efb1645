// A picture as elements of SVG: files get them as text, and the page of the service draws them itself.
import { makeLegible } from '../problem/legible.ts';
import {
  type Box,
  bend,
  type Diagram,
  hasMarks,
  isLeft,
  type Link,
  lineHeight,
  rightOf,
  shortenName,
  shortenTitle,
  shortenType,
  signWidth,
  titleHeight,
} from './layout.ts';
import type { Mark, PictureLine, PictureTable } from './picture.ts';

/** An element of SVG. Its texts are legible, but not escaped. */
export interface SvgElement {
  readonly tag: 'svg' | 'title' | 'a' | 'g' | 'rect' | 'text' | 'path';
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (SvgElement | string)[];
}

/** The address of a table's section; null: it has none. */
export type LinkOf = (table: PictureTable) => string | null;

/** The sign of a difference: its colour says nothing more. */
export const signs: Readonly<Record<Mark, string>> = { added: '+', changed: '~', removed: '−' };

/** The elements of a picture. */
export function drawPicture(diagram: Diagram, title: string, linkOf: LinkOf): SvgElement {
  const { boxes, links, width, height } = diagram;
  const isMarked = hasMarks(boxes.map(({ table }) => table));
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'erd',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      // Its tables are read one after the other.
      role: 'group',
      'aria-label': makeLegible(title),
    },
    [
      element('title', {}, [makeLegible(title)]),
      ...links.map(drawLink),
      ...boxes.map((box) => drawBox(box, linkOf(box.table), isMarked)),
    ],
  );
}

function element(
  tag: SvgElement['tag'],
  attributes: SvgElement['attributes'],
  children: SvgElement['children'] = [],
): SvgElement {
  return { tag, attributes, children };
}

const classes = (...names: (string | null | false)[]) => ({ class: names.filter(Boolean).join(' ') });

const textAt = (x: number, y: number, text: string, ...names: (string | null | false)[]) =>
  element('text', { ...(names.some(Boolean) && classes(...names)), x, y }, [makeLegible(text)]);

function drawBox(box: Box, link: string | null, isMarked: boolean): SvgElement {
  const { table, x, y, width, height } = box;
  const { title: name, comment, mark, lines, omitted, isContext } = table;
  const left = x + 8 + (isMarked ? signWidth : 0);
  const last = y + titleHeight + (lines.length + 1) * lineHeight - 4;
  // Screen readers take the title for the name of a link.
  const about = comment === null ? '' : `: ${comment.replace(/\s+/g, ' ')}`;
  const words = `${mark === null ? '' : `${mark} table `}${name}${about}`;
  const state = [mark, isContext && 'context'] as const;
  return element(
    link === null ? 'g' : 'a',
    { ...classes('table', ...state), ...(link === null ? { role: 'group' } : { href: link }) },
    [
      element('title', {}, [makeLegible(words)]),
      element('rect', { ...classes('box'), x, y, width, height, rx: 4 }),
      element('rect', {
        ...classes('head'),
        x: x + 1,
        y: y + 1,
        width: width - 2,
        height: titleHeight - 2,
        rx: 3,
      }),
      ...(mark === null ? [] : [textAt(x + 8, y + 17, signs[mark], 'sign')]),
      textAt(left, y + 17, shortenTitle(name), 'name'),
      ...lines.map((line, at) => drawLine(line, box, { left, top: y + titleHeight + at * lineHeight })),
      ...(omitted > 0 ? [textAt(left, last, `… ${omitted} more`)] : []),
    ],
  );
}

function drawLine(
  { name, type, isKey, mark }: PictureLine,
  { x, width }: Box,
  { left, top }: { readonly left: number; readonly top: number },
): SvgElement {
  const base = top + lineHeight - 4;
  const texts = [
    textAt(left, base, shortenName(name), isKey && 'key'),
    textAt(x + width - 8, base, shortenType(type), 'type'),
  ];
  if (mark === null) return element('g', {}, texts);
  const label = makeLegible(`${mark}: ${name}, ${type}`);
  return element('g', { ...classes(mark), role: 'img', 'aria-label': label }, [
    element('rect', { ...classes('row'), x: x + 1, y: top + 1, width: width - 2, height: lineHeight }),
    textAt(x + 8, base, signs[mark], 'sign'),
    ...texts,
  ]);
}

// From the left side of the referencing column to the right side of the title of the other table. Where that
// is not to the left, the line leaves on the right.
function drawLink(link: Link): SvgElement {
  const { from, to, reference } = link;
  const { name, columns, isRequired, isUnique, mark } = reference;
  const at = from.table.lines.findIndex((line) => line.name === columns[0]);
  const y1 = at < 0 ? from.y + titleHeight / 2 : from.y + titleHeight + (at + 0.5) * lineHeight;
  const y2 = to.y + titleHeight / 2;
  const side = isLeft(link) ? -1 : 1;
  const x1 = side < 0 ? from.x : rightOf(from);
  const x2 = rightOf(to);
  const half = Math.max(30, (x1 - x2) / 2);
  const outside = Math.max(x1, x2) + bend;
  const [c1, c2] = side < 0 ? [x1 - half, x2 + half] : [outside, outside];
  const foot = isUnique ? '' : ` M ${x1} ${y1 - 4} l ${side * 8} 4 l ${-side * 8} 4`;
  const end = isRequired
    ? ` M ${x2 + 6} ${y2 - 5} v 10`
    : ` M ${x2 + 3} ${y2} a 3 3 0 1 0 6 0 a 3 3 0 1 0 -6 0`;
  const d = `M ${x1} ${y1} C ${c1} ${y1} ${c2} ${y2} ${x2} ${y2}${foot}${end}`;
  const path = element('path', { ...classes('link'), d });
  if (mark === null) return element('g', {}, [element('title', {}, [makeLegible(name)]), path]);
  const label = makeLegible(`${mark}: foreign key ${name}`);
  // The middle of a curve of Bézier: the ends count once, its handles three times.
  const [x, y] = [(x1 + 3 * c1 + 3 * c2 + x2) / 8, (y1 + y2) / 2];
  return element('g', { ...classes(mark), role: 'img', 'aria-label': label }, [
    element('title', {}, [label]),
    path,
    textAt(x, y + 4, signs[mark], 'sign', 'on-link'),
  ]);
}
