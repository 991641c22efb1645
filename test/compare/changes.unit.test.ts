// Changes as a person counts them, and what is asked to be renamed.
import { describe, expect, test } from 'vitest';
import { listChanges } from '../../lib/compare/changes.ts';
import { hasName, matchesRequest, readRenameRequests } from '../../lib/compare/rename-requests.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { diff, makeDifference } from '../../lib/model/diff.ts';
import { plan } from '../../lib/plan/plan.ts';
import { findPossibleRenames } from '../../lib/plan/renames.ts';
import {
  column,
  columnDefault,
  comment,
  enumType,
  facts,
  grant,
  having,
  index,
  notNull,
  type Part,
  partition,
  partitioned,
  primaryKey,
  table,
  view,
} from '../model/facts.ts';

const users = (...parts: readonly Part[]) =>
  table('users', column('id', 'integer', notNull()), primaryKey('id'), ...parts);

function changes(before: Part[], after: Part[]) {
  const sides = { before: facts(...before), after: facts(...after), kinds };
  const difference = makeDifference(sides.before, sides.after, kinds);
  return listChanges({
    ...sides,
    diff: diff(sides.before, sides.after, kinds),
    up: plan({ difference, kinds }),
  });
}
const told = (before: Part[], after: Part[]) =>
  changes(before, after).map(({ standing, text, part }) => [standing, text, part]);

describe('changes', () => {
  test('a new table is one change, with all that is in it', () => {
    const [one, ...more] = changes(
      [],
      [users(column('a', 'text', columnDefault(`''::text`)), index('a'), comment('x'))],
    );
    expect(more).toEqual([]);
    expect(one).toMatchObject({ standing: 'missing', kind: 'table', text: 'TABLE users', part: null });
    expect(one?.facts).toEqual(
      expect.arrayContaining([
        'table:public.users',
        'default:public.users.a',
        'index:public.users.users_a_idx',
        'comment:@table:public.users',
      ]),
    );
  });

  test('of a long list, such as privileges, the items of each side are named', () => {
    const usual = ['DELETE', 'INSERT', 'MAINTAIN', 'REFERENCES', 'SELECT', 'TRIGGER', 'TRUNCATE', 'UPDATE'];
    const granted = (...privileges: readonly string[]) => [users(grant('app', ...privileges))];
    const texts = (from: readonly string[], to: readonly string[]) =>
      changes(granted(...from), granted(...to)).map(({ text }) => text);
    expect(texts(usual, ['DELETE', 'INSERT'])).toEqual([
      'GRANT ON TABLE users TO app: privileges' +
        ' -MAINTAIN, -REFERENCES, -SELECT, -TRIGGER, -TRUNCATE, -UPDATE',
    ]);
    expect(texts(usual.slice(1), usual.slice(0, 7))).toEqual([
      'GRANT ON TABLE users TO app: privileges +DELETE, -UPDATE',
    ]);
    expect(texts(['SELECT'], ['INSERT', 'SELECT'])).toEqual([
      'GRANT ON TABLE users TO app: privileges SELECT → INSERT, SELECT',
    ]);
  });

  test('each statement of a change of privileges is shown', () => {
    const own = ['INSERT', 'SELECT'];
    const [one] = changes([users(grant('app', ...own))], [users()]);
    expect(one?.text).toBe('REVOKE INSERT, SELECT ON TABLE users FROM app');
    const fact = (privileges: readonly string[], grantable: readonly string[]) =>
      having(grant('app', ...privileges), { grantable });
    const made = changes([users()], [users(fact(own, ['SELECT']))]);
    expect(made.map(({ text }) => text)).toEqual([
      'GRANT INSERT ON TABLE users TO app; GRANT SELECT ON TABLE users TO app WITH GRANT OPTION',
    ]);
  });

  test('one that is only in the database is too much', () => {
    expect(told([users()], [])).toEqual([['extra', 'TABLE users', null]]);
  });

  test('a column is a part of its table', () => {
    expect(told([users()], [users(column('a', 'text', notNull()))])).toEqual([
      ['missing', 'ALTER TABLE users ADD COLUMN a text NOT NULL', 'TABLE users'],
    ]);
  });

  test('a type that differs is told with both', () => {
    expect(told([users(column('a', 'integer'))], [users(column('a', 'bigint'))])).toEqual([
      ['different', expect.stringMatching(/users\.a.*integer → bigint/), 'TABLE users'],
    ]);
  });

  test('what partitions inherit is one change', () => {
    const all = (...more: readonly Part[]) => [
      partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer'), ...more),
      partition('part', 'whole', 'FOR VALUES IN (1)', column('a', 'integer'), ...more),
    ];
    expect(changes(all(), all(column('b', 'text'))).map(({ facts: ids }) => ids)).toEqual([
      ['column:public.whole.b', 'column:public.part.b'],
    ]);
  });

  test('columns of a view that change with it are no changes of their own', () => {
    const v = (name: string) => view('v', ` SELECT 1 AS ${name}`, [`${name} integer`]);
    expect(changes([v('a')], [v('b')])).toHaveLength(1);
  });

  test('every fact that differs belongs to exactly one change', () => {
    const before = [users(column('a', 'integer'), index('a'), comment('x')), enumType('m', 'a')];
    const after = [
      users(column('a', 'bigint'), column('b', 'text')),
      enumType('m', 'a', 'b'),
      table('t', column('c', 'text')),
    ];
    const { added, removed, changed } = diff(facts(...before), facts(...after), kinds);
    const ids = [...added, ...removed, ...changed.map(({ to }) => to)].map(({ id }) => id);
    expect(
      changes(before, after)
        .flatMap((one) => one.facts)
        .sort(),
    ).toEqual(ids.sort());
  });

  test('nothing differs: no changes', () => {
    expect(changes([users()], [users()])).toEqual([]);
  });
});

describe('requests', () => {
  const file = (text: string) => ({ file: 'schema.sql', text });

  test.each<[string, { kind: string | null; from: string[]; to: string[] }]>([
    ['users.name=full_name', { kind: null, from: ['users', 'name'], to: ['full_name'] }],
    ['column:app.users.name=label', { kind: 'column', from: ['app', 'users', 'name'], to: ['label'] }],
    ['enum type:mood=feeling', { kind: 'enum type', from: ['mood'], to: ['feeling'] }],
    ['"My Table"="a=b"', { kind: null, from: ['My Table'], to: ['a=b'] }],
  ])('%s', (given, wanted) => {
    expect(readRenameRequests({ given: [given] })).toEqual([
      expect.objectContaining({ ...wanted, lasting: false }),
    ]);
  });

  test.each(['users', '=b', 'a=', 'colour:a=b'])('%s is refused', (given) => {
    expect(() => readRenameRequests({ given: [given] })).toThrow(
      expect.objectContaining({ code: 'bad_option' }),
    );
  });

  test('a comment in the schema lasts', () => {
    const files = [file('-- pgmage:renamed from people\ncreate table users (id int);')];
    expect(readRenameRequests({ files })).toEqual([
      expect.objectContaining({ from: ['people'], to: ['users'], lasting: true }),
    ]);
  });

  const renames = findPossibleRenames(
    (() => {
      const sides = {
        before: facts(table('t', column('a', 'text'))),
        after: facts(table('t', column('b', 'text'))),
      };
      return { ...sides, diff: diff(sides.before, sides.after, kinds) };
    })(),
    kinds,
  );
  test.each<[string, boolean]>([
    ['t.a=b', true],
    ['a=b', true],
    ['public.t.a=b', true],
    ['T.A=B', true],
    ['column:a=b', true],
    ['table:a=b', false],
    ['u.a=b', false],
    ['a=c', false],
  ])('%s means the column: %s', (given, means) => {
    const [request] = readRenameRequests({ given: [given] });
    expect(renames).toHaveLength(1);
    expect(renames.some((one) => matchesRequest(one, request as NonNullable<typeof request>, []))).toBe(
      means,
    );
  });

  test('a catalog has the names of its objects, of their parts and of labels', () => {
    const catalog = facts(table('t', column('a', 'text')), enumType('mood', 'sad'), having(table('u'), {}));
    for (const names of [['t'], ['t', 'a'], ['a'], ['mood', 'sad'], ['public', 'u']])
      expect(hasName(catalog, names)).toBe(true);
    for (const names of [['x'], ['u', 'a'], ['mood', 'glad']]) expect(hasName(catalog, names)).toBe(false);
  });
});
