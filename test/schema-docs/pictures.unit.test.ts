// Pictures of large schemas: parts that a person can read, in which every table and reference is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawPicture, type SvgElement } from '../../lib/schema-docs/drawing.ts';
import { layOut } from '../../lib/schema-docs/layout.ts';
import { renderMermaid } from '../../lib/schema-docs/mermaid.ts';
import { keyOf, type PictureTable } from '../../lib/schema-docs/picture.ts';
import { mostTables, splitIntoPictures } from '../../lib/schema-docs/split.ts';

const table = (at: number, references: readonly number[]): PictureTable => ({
  path: ['public', `table_${at}`],
  title: `public.table_${at}`,
  comment: null,
  lines: Array.from({ length: at % 9 }, (_, place) => ({
    name: `column_${place}`,
    type: 'integer',
    isKey: place === 0,
    isReference: false,
    mark: null,
  })),
  omitted: 0,
  references: references.map((to, place) => ({
    name: `reference_${place}`,
    to: ['public', `table_${to}`],
    columns: [`column_${place}`],
    isRequired: true,
    isUnique: false,
    mark: null,
  })),
  mark: null,
  isContext: false,
});

const schemas = fc
  .integer({ min: 1, max: 200 })
  .chain((count) =>
    fc.array(fc.array(fc.nat(count - 1), { maxLength: 4 }), { minLength: count, maxLength: count }),
  )
  .map((all) => all.map((references, at) => table(at, references)));

test('each table is in one picture, each reference is drawn, and no picture is too large', () => {
  fc.assert(
    fc.property(schemas, (tables) => {
      const pictures = splitIntoPictures(tables);
      const own = pictures.flatMap((picture) => picture.tables.filter(({ isContext }) => !isContext));
      expect(own.map(({ path }) => keyOf(path)).sort()).toEqual(tables.map(({ path }) => keyOf(path)).sort());
      const links = pictures.flatMap((picture) => layOut(picture.tables).links);
      expect(links.length).toBe(tables.flatMap(({ references }) => references).length);
      for (const picture of pictures)
        expect(picture.tables.filter(({ isContext }) => !isContext).length).toBeLessThanOrEqual(mostTables);
      if (tables.length > mostTables) expect(pictures.length).toBeGreaterThan(1);
    }),
    { numRuns: 60 },
  );
});

test('no table covers another, and all is inside the picture', () => {
  fc.assert(
    fc.property(schemas, (tables) => {
      for (const picture of splitIntoPictures(tables)) {
        const { boxes, links, width, height } = layOut(picture.tables);
        expect(boxes.length).toBe(picture.tables.length);
        for (const [at, one] of boxes.entries()) {
          expect(one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height).toBe(
            true,
          );
          for (const other of boxes.slice(at + 1)) {
            const isApart =
              one.x + one.width <= other.x ||
              other.x + other.width <= one.x ||
              one.y + one.height <= other.y ||
              other.y + other.height <= one.y;
            expect(isApart, `${one.table.title} ${other.table.title}`).toBe(true);
          }
        }
        // A line that leaves on the right ends inside, too.
        for (const { from, to } of links.filter((link) => link.to.x + link.to.width >= link.from.x))
          expect(Math.max(from.x + from.width, to.x + to.width) + 45).toBeLessThanOrEqual(width);
      }
    }),
    { numRuns: 40 },
  );
});

test('the order of tables of the same schema does not matter', () => {
  const tables = Array.from({ length: 150 }, (_, at) => table(at, [at % 7, (at * 3) % 150]));
  const names = (all: readonly PictureTable[]) =>
    splitIntoPictures(all).map(({ tables: own }) => own.map(({ title }) => title));
  expect(names([...tables].reverse())).toEqual(names(tables));
});

test('tables that reference each other are in one picture where they fit into one', () => {
  // Ten groups of 20, of which each table references the one before; and a table that all reference.
  const tables = Array.from({ length: 200 }, (_, at) => table(at + 1, [0, at % 20 === 0 ? 0 : at]));
  const pictures = splitIntoPictures([table(0, []), ...tables]);
  const placeOf = (at: number) =>
    pictures.findIndex(({ tables: own }) =>
      own.some(({ title, isContext }) => title === `public.table_${at}` && !isContext),
    );
  for (let group = 0; group < 10; group++) {
    const places = Array.from({ length: 20 }, (_, at) => placeOf(group * 20 + at + 1));
    expect(new Set(places).size, `${group}: ${places}`).toBe(1);
  }
});

test('columns and types that Mermaid takes for keys get other names', () => {
  const names = ['pk', 'FK', 'Uk', 'pk_id'];
  const lines = names.map((name) => ({ name, type: name, isKey: false, isReference: false, mark: null }));
  const text = renderMermaid([{ ...table(0, []), lines }]) ?? '';
  expect(text.split('\n').slice(2, -1)).toEqual([
    '    _pk _pk',
    '    _FK _FK',
    '    _Uk _Uk',
    '    pk_id pk_id',
  ]);
});

test('a control character in a name has the same mark in a picture as elsewhere', () => {
  const name = 'a\nb\u0007\uffff';
  const drawn = drawPicture(layOut([{ ...table(0, []), title: name }]), name, () => null);
  const texts = (one: SvgElement | string): string[] =>
    typeof one === 'string' ? [one] : one.children.flatMap(texts);
  expect(new Set(texts(drawn))).toEqual(new Set(['a\ufffdb\ufffd\ufffd']));
  expect(drawn.attributes['aria-label']).toBe('a\ufffdb\ufffd\ufffd');
});
