// The order of a plan: what is needed comes first, what needs it goes first, and names are free before they
// are taken.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { makeDifference } from '../../lib/model/diff.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import { plan } from '../../lib/plan/plan.ts';
import {
  column,
  columnDefault,
  comment,
  enumType,
  facts,
  foreignKey,
  grant,
  index,
  notNull,
  type Part,
  partition,
  partitioned,
  primaryKey,
  schema,
  sequence,
  sqlFunction,
  statements,
  table,
  trigger,
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

test('nothing is planned where nothing differs', () => {
  expect(statements(facts(users()), facts(users()))).toEqual([]);
  expect(plan({ difference: makeDifference(emptyCatalog(18, kinds), empty, kinds), kinds })).toEqual([]);
});

describe('what is made', () => {
  test('a schema comes before what is in it', () => {
    expect(heads(statements(empty, facts(schema('app'), table('app.t', column('a', 'integer')))))).toEqual([
      'CREATE SCHEMA app',
      'CREATE TABLE app.t',
    ]);
  });

  test('a type comes before the table of its column', () => {
    expect(
      heads(statements(empty, facts(table('t', column('m', 'public.mood')), enumType('mood', 'a')))),
    ).toEqual(['CREATE TYPE public.mood', 'CREATE TABLE public.t']);
  });

  test('a sequence comes before the default that takes from it', () => {
    const next = columnDefault(`nextval('public.s'::regclass)`, 'sequence:public.s');
    expect(heads(statements(empty, facts(table('t', column('a', 'bigint', next)), sequence('s'))))).toEqual([
      'CREATE SEQUENCE public.s',
      'CREATE TABLE public.t',
    ]);
  });

  test('a function comes before the default that calls it', () => {
    const own = columnDefault('public.f()', 'function:public.f()');
    expect(
      heads(statements(empty, facts(table('t', column('a', 'integer', own)), sqlFunction('f', '()', '')))),
    ).toEqual(['CREATE OR REPLACE FUNCTION public.f', 'CREATE TABLE public.t']);
  });

  test('a view comes after what it reads, also another view', () => {
    expect(heads(statements(empty, facts(viewOfView('integer'), usersView('integer'), users())))).toEqual([
      'CREATE TABLE public.users',
      'CREATE VIEW public.v',
      'CREATE VIEW public.w',
    ]);
  });

  test('a foreign key comes after the key that it refers to, by a statement of its own', () => {
    expect(
      statements(
        empty,
        facts(users(), table('posts', column('author', 'integer'), foreignKey('author', 'users'))),
      ),
    ).toEqual([
      'CREATE TABLE public.posts ( author integer )',
      'CREATE TABLE public.users ( id integer NOT NULL, CONSTRAINT users_pkey PRIMARY KEY (id) )',
      'ALTER TABLE public.posts ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES' +
        ' public.users(id)',
    ]);
  });

  test('of two tables that refer to each other one gets its foreign key in the end', () => {
    const own = (name: string, other: string) =>
      table(
        name,
        column('id', 'integer', notNull()),
        primaryKey('id'),
        column(other, 'integer'),
        foreignKey(other, other),
      );
    const [a, b, last, ...more] = statements(empty, facts(own('a', 'b'), own('b', 'a')));
    expect(a).not.toContain('FOREIGN KEY');
    expect(b).toContain('CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)');
    expect(last).toBe('ALTER TABLE public.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES public.b(id)');
    expect(more).toEqual([]);
  });

  test('a trigger comes after its function and its table', () => {
    const definition =
      'CREATE TRIGGER t BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.f()';
    const after = facts(users(trigger('t', definition, 'function:public.f()')), sqlFunction('f', '()', ''));
    expect(heads(statements(empty, after))).toEqual([
      'CREATE OR REPLACE FUNCTION public.f',
      'CREATE TABLE public.users',
      'CREATE TRIGGER t',
    ]);
  });

  test('grants and comments come when all objects are there', () => {
    const after = facts(
      users(comment('people'), grant('anna', 'SELECT')),
      table('z', column('a', 'integer', comment('one'))),
    );
    expect(statements(empty, after).slice(2)).toEqual([
      `COMMENT ON COLUMN public.z.a IS 'one'`,
      `COMMENT ON TABLE public.users IS 'people'`,
      'GRANT SELECT ON TABLE public.users TO anna',
    ]);
  });

  test('a partition is attached once both tables are there', () => {
    const bound = 'FOR VALUES IN (1)';
    const after = facts(
      partition('part', 'whole', bound, column('a', 'integer')),
      partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer')),
    );
    expect(statements(empty, after)).toEqual([
      'CREATE TABLE public.whole ( a integer ) PARTITION BY LIST (a)',
      'CREATE TABLE public.part ( a integer )',
      'ALTER TABLE ONLY public.whole ATTACH PARTITION public.part FOR VALUES IN (1)',
    ]);
  });
});

describe('what goes', () => {
  test('each goes before what it needs', () => {
    expect(statements(facts(users(), usersView('integer'), viewOfView('integer')), empty)).toEqual([
      'DROP VIEW public.w',
      'DROP VIEW public.v',
      'DROP TABLE public.users',
    ]);
  });

  test('what the server drops along has no statement', () => {
    const before = facts(
      users(column('a', 'text', comment('x')), index('a'), comment('y'), grant('anna', 'SELECT')),
    );
    expect(statements(before, empty)).toEqual(['DROP TABLE public.users']);
  });

  test('partitions go with their parent', () => {
    const before = facts(
      partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer')),
      partition('part', 'whole', 'FOR VALUES IN (1)', column('a', 'integer')),
    );
    const steps = plan({ difference: makeDifference(before, empty, kinds), kinds });
    expect(steps.map(({ sql }) => sql)).toEqual(['DROP TABLE public.whole']);
    expect(steps[0]?.hazards).toContain('deletes_data');
  });

  test('tables that refer to each other lose their foreign keys first', () => {
    const own = (name: string, other: string) =>
      table(
        name,
        column('id', 'integer', notNull()),
        primaryKey('id'),
        column(other, 'integer'),
        foreignKey(other, other),
      );
    expect(statements(facts(own('a', 'b'), own('b', 'a')), empty)).toEqual([
      'ALTER TABLE public.a DROP CONSTRAINT a_b_fkey',
      'ALTER TABLE public.b DROP CONSTRAINT b_a_fkey',
      'DROP TABLE public.a',
      'DROP TABLE public.b',
    ]);
  });

  test('a view goes before the column that it reads', () => {
    const before = facts(
      users(column('a', 'text')),
      view('v', ' SELECT a\n   FROM public.users', ['a text'], ...reads('a')),
    );
    expect(statements(before, facts(users()))).toEqual([
      'DROP VIEW public.v',
      'ALTER TABLE public.users DROP COLUMN a',
    ]);
  });

  test('a schema goes after all that is in it', () => {
    const before = facts(schema('app'), table('app.t', column('a', 'integer')), enumType('app.mood', 'a'));
    expect(statements(before, empty).at(-1)).toBe('DROP SCHEMA app');
  });
});

test('the plan does not depend on the order of the facts', () => {
  const parts = [
    users(column('a', 'text'), index('a')),
    usersView('integer'),
    viewOfView('integer'),
    enumType('mood', 'a'),
  ];
  const one = facts(...parts);
  const other = {
    ...one,
    facts: new Map([...one.facts].reverse()),
    needs: new Map([...one.needs].reverse()),
  };
  expect(statements(empty, other)).toEqual(statements(empty, one));
  expect(statements(other, empty)).toEqual(statements(one, empty));
});
