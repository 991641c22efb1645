// Tables of reports: each fact is there on a narrow terminal, too.
import { expect, test } from 'vitest';
import { tableRows } from '../../lib/report/table.ts';

const rows = [
  ['Table', 'Inserted', 'Deleted'],
  ['public.users', '12,345', '0'],
  ['public.orders_of_the_year_before', '7', '1,000'],
];
const paper = { width: 60, colour: false, now: new Date(0) };

test('a table that fits has a line for each row', () => {
  expect(tableRows(rows, 2, paper)).toEqual([
    ['Table                             Inserted  Deleted'],
    ['public.users                        12,345        0'],
    ['public.orders_of_the_year_before         7    1,000'],
  ]);
});

test('where a row is too long, the first cells have lines of their own, and nothing is cut', () => {
  const narrow = [
    ['Table', '  Inserted  Deleted'],
    ['public.users', '    12,345        0'],
    ['public.orders_of_the_year_before', '         7    1,000'],
  ];
  expect(tableRows(rows, 2, { ...paper, width: 40 })).toEqual(narrow);
  const [name, ...numbers] = tableRows(rows, 2, { ...paper, width: 20 }).at(-1) ?? [];
  expect([name, numbers.join('').replace(/ +/g, ' ')]).toEqual([
    'public.orders_of_the_year_before',
    ' 7 1,000',
  ]);
  expect(tableRows(rows, 2, { ...paper, width: 40, uncut: true })[1]).toHaveLength(1);
});
