// Pictures of tables: elements of SVG that the page makes itself, so that names are nothing but text.
import { createElement, type VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { drawPicture, type LinkOf, type SvgElement } from '../lib/schema-docs/drawing.ts';
import { layOut } from '../lib/schema-docs/layout.ts';
import type { Picture } from '../lib/schema-docs/picture.ts';
import { follow, keepInAddress, usePlace } from './router.tsx';

interface Props {
  readonly title: string;
  readonly linkOf: LinkOf;
}

/** One of several pictures, with a choice of it where there are more. */
export function Pictures({ pictures, title, linkOf }: Props & { readonly pictures: readonly Picture[] }) {
  const wanted = Number(usePlace().query.get('picture') ?? 1);
  const chosen = pictures[wanted - 1] ?? pictures[0];
  if (chosen === undefined) return null;
  return (
    <>
      {pictures.length > 1 && (
        <div class="filter">
          <label>
            Part of the schema
            <select
              value={String(pictures.indexOf(chosen) + 1)}
              onChange={(event) => keepInAddress({ picture: (event.target as HTMLSelectElement).value })}
            >
              {pictures.map(({ around, tables }, index) => (
                <option key={around?.join('.')} value={String(index + 1)}>
                  {`${around?.join('.')} and ${tables.length - 1} others`}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      <DrawnPicture picture={chosen} title={title} linkOf={linkOf} />
    </>
  );
}

// A picture is wider than the page, so it scrolls, also by the keyboard.
function DrawnPicture({ picture, title, linkOf }: Props & { readonly picture: Picture }) {
  const diagram = useMemo(() => layOut(picture.tables), [picture]);
  // The links keep what was chosen since.
  const { query } = usePlace();
  const drawing = useMemo(() => drawPicture(diagram, title, linkOf), [diagram, title, String(query)]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be in reach of the keyboard
    <section class="picture" aria-label={`Picture: ${title}`} tabIndex={0}>
      {draw(drawing)}
    </section>
  );
}

function draw({ tag, attributes, children }: SvgElement): VNode {
  const { href } = attributes;
  const onClick = href === undefined ? undefined : (event: MouseEvent) => follow(event, String(href));
  const inside = children.map((child) => (typeof child === 'string' ? child : draw(child)));
  return createElement(tag, { ...attributes, ...(onClick && { onClick }) }, ...inside);
}
