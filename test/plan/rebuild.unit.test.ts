// What a plan makes again, moves aside or begins as a placeholder, because something else is in the way.
import { describe, expect, test } from 'vitest';
import {
  column,
  comment,
  enumType,
  facts,
  having,
  index,
  needing,
  notNull,
  type Part,
  partition,
  partitioned,
  primaryKey,
  sqlFunction,
  statements,
  table,
  view,
} from '../model/facts.ts';

const empty = facts();
const users = (...parts: readonly Part[]) =>
  table('users', column('id', 'integer', notNull()), primaryKey('id'), ...parts);
const reads = (...columns: readonly string[]) => columns.map((name) => `column:public.users.${name}`);
const usersView = (type: string, ...parts: readonly string[]) =>
  view('v', ' SELECT id\n   FROM public.users', [`id ${type}`], ...reads('id'), ...parts);
const viewOfView = (type: string) =>
  view('w', ' SELECT id\n   FROM public.v', [`id ${type}`], 'view column:public.v.id');

/** What the statements begin with, so that order alone is compared. */
const heads = (all: readonly string[]) =>
  all.map((sql) => /^(?:CREATE OR REPLACE|[A-Z]+)(?: [A-Z]+)* [\w.]+/.exec(sql)?.[0] ?? sql);

describe('what stands in the way of a change', () => {
  test('views of a column are made anew around the change of its type', () => {
    const now = (type: string) => table('users', column('id', type, notNull()), primaryKey('id'));
    const all = (type: string) => facts(now(type), usersView(type), viewOfView(type));
    expect(statements(all('integer'), all('bigint'))).toEqual([
      'DROP VIEW public.w',
      'DROP VIEW public.v',
      'ALTER TABLE public.users ALTER COLUMN id TYPE bigint',
      'CREATE VIEW public.v AS SELECT id FROM public.users',
      'CREATE VIEW public.w AS SELECT id FROM public.v',
    ]);
  });

  test('an index follows the change of its column by itself', () => {
    const all = (type: string) => facts(users(column('a', type), index('a')));
    expect(statements(all('integer'), all('bigint'))).toEqual([
      'ALTER TABLE public.users ALTER COLUMN a TYPE bigint',
    ]);
  });

  test('what a rebuilt view had is given to it again', () => {
    const all = (columns: readonly string[]) => facts(users(), having(usersView('integer'), { columns }));
    const withComment = (columns: readonly string[]) => {
      const catalog = all(columns);
      const own = facts(users(), table('x', comment('told')));
      const told = [...own.facts.values()].find(({ kind }) => kind === 'comment');
      const fact = { ...told, id: 'comment:@view:public.v', path: ['public', 'v'], parent: 'view:public.v' };
      return {
        ...catalog,
        facts: new Map([...catalog.facts, [fact.id, fact as NonNullable<typeof told>]]),
        needs: new Map([...catalog.needs, [fact.id, new Map([['view:public.v', 'auto' as const]])]]),
        dies: new Map([...catalog.dies, [fact.id, new Set(['view:public.v'])]]),
      };
    };
    expect(statements(withComment(['id integer']), withComment(['id bigint'])).at(-1)).toBe(
      `COMMENT ON VIEW public.v IS 'told'`,
    );
  });

  test('a type that loses a label is put aside until its columns have the new one', () => {
    const all = (...labels: readonly string[]) =>
      facts(enumType('mood', ...labels), table('t', column('m', 'public.mood')));
    expect(statements(all('sad', 'ok'), all('sad'))).toEqual([
      'ALTER TYPE public.mood RENAME TO pgmage_old_mood',
      `CREATE TYPE public.mood AS ENUM ('sad')`,
      'ALTER TABLE public.t ALTER COLUMN m TYPE public.mood USING m::text::public.mood',
      'DROP TYPE public.pgmage_old_mood',
    ]);
  });

  test('a name is free before another kind of object takes it', () => {
    const [asTable, asView] = [
      facts(table('t', column('a', 'integer'))),
      facts(view('t', ' SELECT 1 AS a', ['a integer'])),
    ];
    expect(heads(statements(asTable, asView))).toEqual(['DROP TABLE public.t', 'CREATE VIEW public.t']);
    expect(heads(statements(asView, asTable))).toEqual(['DROP VIEW public.t', 'CREATE TABLE public.t']);
  });

  test('a partition that stays is detached and not dropped', () => {
    const whole = partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer'));
    const before = facts(whole, partition('part', 'whole', 'FOR VALUES IN (1)', column('a', 'integer')));
    expect(statements(before, facts(whole, table('part', column('a', 'integer'))))).toEqual([
      'ALTER TABLE public.whole DETACH PARTITION public.part',
    ]);
  });

  test('what partitions inherit is changed once', () => {
    const all = (...more: readonly Part[]) =>
      facts(
        partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer'), ...more),
        partition('part', 'whole', 'FOR VALUES IN (1)', column('a', 'integer'), ...more),
      );
    expect(statements(all(), all(column('b', 'text')))).toEqual([
      'ALTER TABLE public.whole ADD COLUMN b text',
    ]);
    expect(statements(all(column('b', 'text')), all())).toEqual(['ALTER TABLE public.whole DROP COLUMN b']);
  });
});

describe('what needs each other', () => {
  const x = view('x', ' SELECT a\n   FROM public.y', ['a integer'], 'view column:public.y.a');
  const y = view('y', ' SELECT a\n   FROM public.x', ['a integer'], 'view column:public.x.a');

  test('a view begins as a placeholder without rows', () => {
    expect(statements(empty, facts(x, y))).toEqual([
      'CREATE VIEW public.x AS SELECT NULL::integer AS a WHERE false',
      'CREATE VIEW public.y AS SELECT a FROM public.x',
      'CREATE OR REPLACE VIEW public.x AS SELECT a FROM public.y',
    ]);
  });

  test('and is emptied before the other one goes', () => {
    expect(statements(facts(x, y), empty)).toEqual([
      'CREATE OR REPLACE VIEW public.x AS SELECT NULL::integer AS a WHERE false',
      'DROP VIEW public.y',
      'DROP VIEW public.x',
    ]);
  });

  test('a function begins without a body', () => {
    const calls = (name: string, other: string) =>
      needing(sqlFunction(name, '()', `select ${other}()`), `function:public.${other}()`);
    const [first, , last] = statements(empty, facts(calls('p', 'q'), calls('q', 'p')));
    expect(first).toContain(`FUNCTION public.p() RETURNS integer LANGUAGE sql AS ''`);
    expect(last).toContain('FUNCTION public.p() RETURNS integer LANGUAGE sql AS $function$select q()');
  });

  test('objects that cannot begin as a placeholder are named', () => {
    const [a, b] = [
      needing(enumType('a', 'x'), 'enum type:public.b'),
      needing(enumType('b', 'x'), 'enum type:public.a'),
    ];
    expect(() => statements(empty, facts(a, b))).toThrow(
      expect.objectContaining({
        code: 'plan_cycle',
        data: { objects: expect.arrayContaining(['enum type:public.a', 'enum type:public.b']) },
      }),
    );
  });
});
