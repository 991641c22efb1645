// Possible renames: what is gone and came in the same place, what looks alike, and what follows by itself.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { diff } from '../../lib/model/diff.ts';
import { listStatements } from '../../lib/model/step.ts';
import {
  findPossibleRenames,
  followsOthers,
  isAlike,
  planRenames,
  type Rename,
} from '../../lib/plan/renames.ts';
import {
  column,
  enumType,
  facts,
  index,
  notNull,
  type Part,
  primaryKey,
  schema,
  table,
  view,
} from '../model/facts.ts';

const users = (...parts: readonly Part[]) => table('users', ...parts);
const sides = (before: Part[], after: Part[]) => {
  const both = { before: facts(...before), after: facts(...after) };
  return { ...both, diff: diff(both.before, both.after, kinds) };
};
const found = (before: Part[], after: Part[]) => findPossibleRenames(sides(before, after), kinds);
const told = (renames: readonly Rename[]) =>
  renames.map(({ kind, from, to }) => `${kind} ${from.slice(1).join('.')} ${to.slice(1).join('.')}`);
const sqlOf = (one: Rename | undefined, way: 'up' | 'down') =>
  one === undefined ? [] : listStatements(one[way]).map(({ sql }) => sql);

describe('possible renames', () => {
  test('a column of the same table, each way', () => {
    const [one, ...more] = found([users(column('name', 'text'))], [users(column('label', 'text'))]);
    expect(more).toEqual([]);
    expect(sqlOf(one, 'up')).toEqual(['ALTER TABLE public.users RENAME COLUMN name TO label']);
    expect(sqlOf(one, 'down')).toEqual(['ALTER TABLE public.users RENAME COLUMN label TO name']);
  });

  test('a column of another table is none', () => {
    const [a, b] = [table('a', column('x', 'text')), table('b', column('y', 'text'))];
    expect(found([a, table('b')], [table('a'), b])).toEqual([]);
  });

  test('a table is a table, not a view', () => {
    expect(told(found([table('a')], [table('b'), view('c', ' SELECT 1 AS x', ['x integer'])]))).toEqual([
      'table a b',
    ]);
  });

  test('a table of another schema is none', () => {
    expect(found([table('a'), schema('app')], [schema('app'), table('app.a')])).toEqual([]);
  });

  test('each pair of what is gone and what came', () => {
    const before = [users(column('a', 'text'), column('b', 'text'))];
    const after = [users(column('c', 'text'), column('d', 'text'))];
    expect(told(found(before, after))).toEqual([
      'column users.a users.c',
      'column users.a users.d',
      'column users.b users.c',
      'column users.b users.d',
    ]);
  });

  test('a label of an enum', () => {
    const [one, ...more] = found([enumType('mood', 'sad', 'ok')], [enumType('mood', 'sad', 'fine')]);
    expect(more).toEqual([]);
    expect(sqlOf(one, 'up')).toEqual([`ALTER TYPE public.mood RENAME VALUE 'ok' TO 'fine'`]);
    expect(one).toMatchObject({ from: ['public', 'mood', 'ok'], to: ['public', 'mood', 'fine'] });
  });

  test('what stays is none', () => {
    expect(found([users(column('a', 'text'))], [users(column('a', 'text'), column('b', 'text'))])).toEqual(
      [],
    );
  });
});

describe('what looks alike', () => {
  const alike = (before: Part[], after: Part[]) => {
    const both = sides(before, after);
    return told(findPossibleRenames(both, kinds).filter((one) => isAlike(one, both)));
  };

  test.each<[string, string, string, string[]]>([
    ['the same type', 'text', 'text', ['column users.a users.b']],
    [
      'a type of another length',
      'character varying(20)',
      'character varying(40)',
      ['column users.a users.b'],
    ],
    ['another type', 'text', 'integer', []],
  ])('columns: %s', (_, old, now, wanted) => {
    expect(alike([users(column('a', old))], [users(column('b', now))])).toEqual(wanted);
  });

  test('tables that share half of their columns', () => {
    const own = (name: string, ...columns: string[]) => [
      table(name, ...columns.map((one) => column(one, 'text'))),
    ];
    expect(alike(own('a', 'x', 'y', 'z'), own('b', 'x', 'y', 'w'))).toEqual(['table a b']);
    expect(alike(own('a', 'x', 'y', 'z'), own('b', 'u', 'v', 'x'))).toEqual([]);
  });

  test('labels in the same place', () => {
    expect(alike([enumType('m', 'a', 'b')], [enumType('m', 'a', 'c')])).toEqual(['enum type m.b m.c']);
    expect(alike([enumType('m', 'a', 'b')], [enumType('m', 'c', 'a')])).toEqual([]);
  });
});

describe('what follows', () => {
  const keyed = (name: string, column_: string) => [
    table(name, column(column_, 'integer', notNull()), primaryKey(column_), index(column_)),
  ];
  const following = (before: Part[], after: Part[], leader: string) => {
    const both = sides(before, after);
    const all = findPossibleRenames(both, kinds);
    const leaders = all.filter((one) => told([one])[0] === leader);
    expect(leaders).toHaveLength(1);
    return told(all.filter((one) => !leaders.includes(one) && followsOthers(one, leaders, both, kinds)));
  };

  test('an index whose name was made of the column, with the column', () => {
    expect(following(keyed('t', 'a'), keyed('t', 'b'), 'column t.a t.b')).toContain(
      'index t.t_a_idx t.t_b_idx',
    );
  });

  test('one of another column does not', () => {
    const before = [table('t', column('a', 'text'), column('c', 'text'), index('a'))];
    const after = [table('t', column('b', 'text'), column('c', 'text'), index('c'))];
    expect(following(before, after, 'column t.a t.b')).toEqual([]);
  });
});

test('back, renames run in reverse', () => {
  const renames = [
    ...found([users(column('a', 'text'))], [users(column('b', 'text'))]),
    ...found([table('x')], [table('y')]),
  ];
  const sqls = (way: 'up' | 'down') => planRenames(renames, way).map(({ sql }) => sql);
  expect(sqls('up')).toEqual([
    'ALTER TABLE public.users RENAME COLUMN a TO b',
    'ALTER TABLE public.x RENAME TO y',
  ]);
  expect(sqls('down')).toEqual([
    'ALTER TABLE public.y RENAME TO x',
    'ALTER TABLE public.users RENAME COLUMN b TO a',
  ]);
  expect(planRenames(renames, 'up').every(({ hazards }) => hazards.includes('breaks_clients'))).toBe(true);
});
