// What the works of a service give back.
import { expect, test } from 'vitest';
import { rememberSecret } from '../../lib/problem/redact.ts';
import { legible } from '../../lib/service/document-work.ts';
import { firstLines } from '../../lib/service/kinds.ts';

test('a text that is too long ends with a whole line, and the others are counted', () => {
  const text = 'one\ntwo\nthree\nfour';
  expect(firstLines(text, text.length)).toEqual({ text, omitted: 0 });
  expect(firstLines(text, text.length - 1)).toEqual({ text: 'one\ntwo\nthree', omitted: 1 });
  expect(firstLines(text, 8)).toEqual({ text: 'one\ntwo', omitted: 2 });
  expect(firstLines(text, 7)).toEqual({ text: 'one\ntwo', omitted: 2 });
  expect(firstLines(text, 6)).toEqual({ text: 'one', omitted: 3 });
  expect(firstLines(text, 2)).toEqual({ text: '', omitted: 4 });
});

const tables = ['a', 'b', 'c', 'd', 'e'].map((name) => `+ create table ${name} (id integer);`);

test.each([
  ["select 'redis://cache:' || port();", "select 'redis://cache:' || port();"],
  ["select dblink('host=h password=' || word());", "select dblink('host=h password=*** || word());"],
  ["select 'your password ' || word();", "select 'your password '***'"],
  ["select 'postgres://u:hunter2@h/d';", "select 'postgres://u@h/d';"],
])('a definition with %s takes no line from what is below it', (body, shown) => {
  const text = (one: string) =>
    [`+ create function f() returns text begin atomic ${one}`, ...tables].join('\n') +
    "\n+ create index i on t (a) where a @> b and c = '';";
  expect(legible(text(body))).toBe(text(shown));
  expect(legible({ definitions: [text(body)] })).toEqual({ definitions: [text(shown)] });
});

test('a connection that the process was given is hidden also where its password has a line end', () => {
  rememberSecret('postgres://app:two\nlines@h/shop');
  expect(legible('comment: postgres://app:two\nlines@h/shop\nnext')).toBe(
    'comment: postgres://app@h/shop\nnext',
  );
});

test('a date stays what it is', () => {
  const at = new Date(0);
  expect(legible({ at })).toEqual({ at });
});
