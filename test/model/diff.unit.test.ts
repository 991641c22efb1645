// The difference of two catalogs: what is added, removed and changed, and in which attributes.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { collectReachable, getRoot, withDependents, withoutFacts } from '../../lib/model/catalog.ts';
import { diff, isEmpty, isEqual, makeDifference, recheck, reverseDiff } from '../../lib/model/diff.ts';
import type { Json } from '../../lib/model/fact.ts';
import { findStrongestLock } from '../../lib/model/step.ts';
import {
  check,
  column,
  columnDefault,
  comment,
  facts,
  having,
  index,
  notNull,
  type Part,
  primaryKey,
  table,
  view,
} from './facts.ts';

const users = (...parts: readonly Part[]) =>
  table('users', column('id', 'integer', notNull()), primaryKey('id'), ...parts);
const idsOf = (before: Part[], after: Part[]) => {
  const { added, removed, changed } = diff(facts(...before), facts(...after), kinds);
  const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);
  return {
    added: ids(added),
    removed: ids(removed),
    changed: changed.map(({ to, attributes }) => [to.id, [...attributes].sort()]),
  };
};

test('a catalog does not differ from itself', () => {
  expect(isEmpty(diff(facts(users()), facts(users()), kinds))).toBe(true);
});

test('each part is added and removed by itself', () => {
  const parts = ['column:public.users.a', 'default:public.users.a', 'not null:public.users.a'];
  const more = [users(column('a', 'text', columnDefault(`''::text`), notNull()))];
  expect(idsOf([users()], more)).toEqual({ added: parts, removed: [], changed: [] });
  expect(idsOf(more, [users()])).toEqual({ added: [], removed: parts, changed: [] });
});

test('a change names the attributes that differ, and no others', () => {
  const one = column('a', 'character varying(20)');
  expect(idsOf([users(one)], [users(having(column('a', 'text'), { statistics: 10 }))]).changed).toEqual([
    ['column:public.users.a', ['statistics', 'type']],
  ]);
});

test('what is only in another place among its siblings is not changed', () => {
  const [a, b] = [column('a', 'text'), column('b', 'text')];
  expect(idsOf([users(a, b)], [users(b, a)])).toEqual({ added: [], removed: [], changed: [] });
});

test('a name with capitals or blanks is another one', () => {
  expect(idsOf([users(column('Name', 'text'))], [users(column('name', 'text'))])).toMatchObject({
    added: ['column:public.users.name'],
    removed: ['column:public.users."Name"'],
  });
});

test('an attribute that an older server does not know is not compared with it', () => {
  const limited = (enforced: boolean) => facts(users(having(check('c', 'id > 0', 'id'), { enforced })));
  const old = { ...limited(true), major: 15 };
  expect(diff(limited(false), limited(true), kinds).changed).toHaveLength(1);
  const twin = (local: boolean) => facts(users(having(check('c', 'id > 0', 'id'), { local })));
  expect(isEmpty(diff(old, twin(false), kinds))).toBe(true);
});

test('seen from the other side, what was added is removed', () => {
  const [before, after] = [
    facts(users(column('a', 'integer'))),
    facts(users(column('a', 'bigint'), index('a'))),
  ];
  expect(reverseDiff(makeDifference(before, after, kinds)).diff).toEqual(diff(after, before, kinds));
});

test('what was told again is compared again', () => {
  const [before, after] = [facts(users(column('a', 'integer'))), facts(users(column('a', 'bigint')))];
  const found = makeDifference(before, after, kinds);
  expect(isEmpty(recheck(found, { before: after }, kinds).diff)).toBe(true);
  expect(recheck(found, { before, after }, kinds).diff).toEqual(found.diff);
});

describe('values', () => {
  test.each<[string, Json | undefined, Json | undefined, boolean]>([
    ['keys in another order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['elements in another order', [1, 2], [2, 1], false],
    ['a key more', { a: 1 }, { a: 1, b: null }, false],
    ['a key less', { a: 1, b: null }, { a: 1 }, false],
    ['a list and an object', [], {}, false],
    ['null and nothing', null, undefined, false],
    ['a number and its text', 1, '1', false],
    ['deep inside', { a: [{ b: { c: [1] } }] }, { a: [{ b: { c: [2] } }] }, false],
    ['null and an empty object', null, {}, false],
  ])('%s', (_, a, b, same) => {
    expect(isEqual(a, b)).toBe(same);
    expect(isEqual(b, a)).toBe(same);
  });
});

describe('what needs what', () => {
  const catalog = facts(
    users(column('a', 'text', comment('x')), index('a')),
    view('v', ' SELECT a\n   FROM public.users', ['a text'], 'column:public.users.a'),
    view('w', ' SELECT a\n   FROM public.v', ['a text'], 'view column:public.v.a'),
  );

  test('all that needs a column is found, over several steps', () => {
    const found = [...withDependents(catalog, ['column:public.users.a'])];
    expect(found).toEqual(
      expect.arrayContaining([
        'index:public.users.users_a_idx',
        'view:public.v',
        'view:public.w',
        'comment:@column:public.users.a',
      ]),
    );
    expect(found).not.toContain('column:public.users.id');
  });

  test('a circle ends', () => {
    const next: Record<string, string[]> = { a: ['b'], b: ['c'], c: ['a'] };
    expect([...collectReachable(['a'], (id) => next[id] ?? [])]).toEqual(['a', 'b', 'c']);
  });

  test('the root of a part is its outermost object', () => {
    const fact = catalog.facts.get('comment:@column:public.users.a');
    expect(getRoot(catalog, fact as NonNullable<typeof fact>).id).toBe('table:public.users');
  });

  test('a catalog without some facts keeps the others', () => {
    const less = withoutFacts(catalog, new Set(['view:public.w', 'view column:public.w.a']));
    expect(less.facts.has('view:public.v')).toBe(true);
    expect([...less.facts.keys()]).toEqual(
      [...catalog.facts.keys()].filter((id) => !id.includes('public.w')),
    );
  });
});

test('the strongest of several locks is the one that stops most others', () => {
  expect(findStrongestLock(['SHARE', null, 'ACCESS EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE'])).toBe(
    'ACCESS EXCLUSIVE',
  );
  expect(findStrongestLock(['SHARE UPDATE EXCLUSIVE', 'SHARE'])).toBe('SHARE');
  expect(findStrongestLock([null])).toBe(null);
  expect(findStrongestLock([])).toBe(null);
});
