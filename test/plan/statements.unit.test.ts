// What a plan puts into one statement: clauses of CREATE TABLE, and subcommands of ALTER TABLE; and what it
// commits apart.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { makeDifference } from '../../lib/model/diff.ts';
import { splitCombined } from '../../lib/model/step.ts';
import { plan } from '../../lib/plan/plan.ts';
import {
  check,
  column,
  columnDefault,
  enumType,
  facts,
  foreignKey,
  having,
  index,
  notNull,
  oneLine,
  type Part,
  partition,
  partitioned,
  primaryKey,
  sqlFunction,
  statements,
  table,
  unique,
  view,
} from '../model/facts.ts';

const empty = facts();
const users = (...parts: readonly Part[]) =>
  table('users', column('id', 'integer', notNull()), primaryKey('id'), ...parts);
const posts = (...parts: readonly Part[]) => table('posts', column('author', 'integer'), ...parts);
const planOf = (before: Part[], after: Part[], online = false) =>
  plan({ difference: makeDifference(facts(...before), facts(...after), kinds), kinds, online });

describe('clauses of CREATE TABLE', () => {
  test('columns keep their order, and constraints come after them', () => {
    const parts = [column('b', 'text', columnDefault(`'x'::text`), notNull()), column('a', 'integer')];
    expect(statements(empty, facts(users(check('positive', 'id > 0', 'id'), unique('b'), ...parts)))).toEqual(
      [
        `CREATE TABLE public.users ( id integer NOT NULL, b text DEFAULT 'x'::text NOT NULL, a integer,` +
          ' CONSTRAINT users_pkey PRIMARY KEY (id), CONSTRAINT users_b_key UNIQUE (b), CONSTRAINT' +
          ' positive CHECK ((id > 0)) )',
      ],
    );
  });

  test('a table without columns has empty parentheses', () => {
    expect(statements(empty, facts(table('t')))).toEqual(['CREATE TABLE public.t ()']);
  });

  test('a constraint that is not valid has a statement of its own', () => {
    const own = having(check('positive', 'id > 0', 'id'), { validated: false });
    const [, second] = statements(empty, facts(users(own)));
    expect(second).toBe('ALTER TABLE public.users ADD CONSTRAINT positive CHECK ((id > 0)) NOT VALID');
  });

  test('a second key of the same columns has a statement of its own, for the server would leave it out', () => {
    const twin = having(unique('id'), { duplicate: true });
    const [first, second] = statements(empty, facts(users(twin)));
    expect(first).not.toContain('UNIQUE');
    expect(second).toBe('ALTER TABLE public.users ADD CONSTRAINT users_id_key UNIQUE (id)');
  });

  test('a foreign key to an earlier table is a clause', () => {
    const [, second, ...more] = statements(
      empty,
      facts(
        table('a', column('id', 'integer', notNull()), primaryKey('id')),
        table('b', column('a', 'integer'), foreignKey('a', 'a')),
      ),
    );
    expect(second).toContain('CONSTRAINT b_a_fkey FOREIGN KEY (a) REFERENCES public.a(id)');
    expect(more).toEqual([]);
  });

  test('a default that calls what reads the table comes after that', () => {
    const f = sqlFunction('f', '()', 'select 1 from users');
    const own = table('users', column('id', 'integer', columnDefault('public.f()', 'function:public.f()')));
    const after = facts(own, f);
    const needs = new Map([
      ...after.needs,
      ['function:public.f()', new Map([['table:public.users', 'normal' as const]])],
    ]);
    expect(statements(empty, { ...after, needs }).map((sql) => sql.split(' ').slice(0, 3).join(' '))).toEqual(
      ['CREATE TABLE public.users', 'CREATE OR REPLACE', 'ALTER TABLE ONLY'],
    );
  });

  test('new tables cost nothing but what lasts', () => {
    for (const step of planOf([], [users(), posts(foreignKey('author', 'users'), index('author'))]))
      expect([step.hazards, step.lock]).toEqual([[], null]);
  });
});

describe('subcommands of ALTER TABLE', () => {
  const a = column('a', 'integer');

  test('columns of one table are added at once', () => {
    const [step, ...more] = planOf(
      [users()],
      [users(a, column('b', 'text', columnDefault(`''::text`), notNull()))],
    );
    expect(more).toEqual([]);
    expect(oneLine(step?.sql ?? '')).toBe(
      `ALTER TABLE public.users ADD COLUMN a integer, ADD COLUMN b text DEFAULT ''::text NOT NULL`,
    );
    expect(step?.parts?.map(({ fact }) => fact)).toEqual(['column:public.users.a', 'column:public.users.b']);
  });

  test('what a single one costs is said of all', () => {
    const [step] = planOf([users(a)], [users(column('b', 'text'))]);
    expect(oneLine(step?.sql ?? '')).toBe('ALTER TABLE public.users DROP COLUMN a, ADD COLUMN b text');
    expect(step).toMatchObject({ action: 'alter', hazards: ['deletes_data'], lock: 'ACCESS EXCLUSIVE' });
    expect(
      splitCombined([step as NonNullable<typeof step>]).map(({ sql, hazards }) => [sql, hazards]),
    ).toEqual([
      ['ALTER TABLE public.users DROP COLUMN a', ['deletes_data']],
      ['ALTER TABLE public.users ADD COLUMN b text', []],
    ]);
  });

  test('types of two columns change in one statement, which rewrites the table once', () => {
    const both = (type: string) => [users(column('a', type), column('b', type))];
    const steps = planOf(both('integer'), both('bigint'));
    expect(steps.map(({ sql }) => oneLine(sql))).toEqual([
      'ALTER TABLE public.users ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint',
    ]);
  });

  test('those of two tables stay apart', () => {
    expect(statements(facts(users(), posts()), facts(users(a), posts(column('x', 'text'))))).toEqual([
      'ALTER TABLE public.posts ADD COLUMN x text',
      'ALTER TABLE public.users ADD COLUMN a integer',
    ]);
  });

  test('a column whose view goes is not dropped before the view', () => {
    const old = view('v', ' SELECT a\n   FROM public.users', ['a integer'], 'column:public.users.a');
    expect(statements(facts(users(a), old), facts(users(column('b', 'text'))))).toEqual([
      'DROP VIEW public.v',
      'ALTER TABLE public.users DROP COLUMN a, ADD COLUMN b text',
    ]);
  });

  test('those of a new table are clauses of it', () => {
    expect(statements(empty, facts(users(a)))).toHaveLength(1);
  });
});

describe('transactions', () => {
  test('all that can share one does', () => {
    const steps = planOf([users()], [users(column('a', 'text'), index('a')), enumType('mood', 'x')]);
    expect(new Set(steps.map(({ segment }) => segment))).toEqual(new Set([0]));
  });

  test('a new label is committed before it is used', () => {
    const all = (...labels: string[]) => enumType('mood', ...labels);
    const own = (expression: string) => table('t', column('m', 'public.mood', columnDefault(expression)));
    const steps = planOf(
      [all('sad'), own(`'sad'::public.mood`)],
      [all('sad', 'ok'), own(`'ok'::public.mood`)],
    );
    expect(steps.map(({ sql, transactional, segment }) => [sql, transactional, segment])).toEqual([
      [`ALTER TYPE public.mood ADD VALUE 'ok'`, false, 0],
      [`ALTER TABLE ONLY public.t ALTER COLUMN m SET DEFAULT 'ok'::public.mood`, true, 1],
    ]);
  });

  test('what follows a committed statement is in the next segment', () => {
    const steps = planOf(
      [users(column('a', 'text'))],
      [users(column('a', 'text'), column('c', 'text'), index('a'), index('c'))],
      true,
    );
    expect(
      steps.map(({ sql, segment, transactional }) => [
        sql.split(' ').slice(0, 3).join(' '),
        segment,
        transactional,
      ]),
    ).toEqual([
      ['ALTER TABLE public.users', 0, true],
      ['CREATE INDEX CONCURRENTLY', 1, false],
      ['CREATE INDEX CONCURRENTLY', 2, false],
    ]);
  });
});

describe('online', () => {
  const a = column('a', 'text');

  test('an index of a table that stays is made CONCURRENTLY', () => {
    expect(statements(facts(users(a)), facts(users(a, index('a'))), true)).toEqual([
      'CREATE INDEX CONCURRENTLY users_a_idx ON public.users USING btree (a)',
    ]);
    expect(statements(facts(users(a, index('a'))), facts(users(a)), true)).toEqual([
      'DROP INDEX CONCURRENTLY public.users_a_idx',
    ]);
  });

  test('one of a new table is not', () => {
    const steps = planOf([], [users(a, index('a'))], true);
    expect(steps.map(({ transactional }) => transactional)).toEqual([true, true]);
    expect(steps[1]?.sql).not.toContain('CONCURRENTLY');
  });

  test('a foreign key is validated after it was added', () => {
    expect(
      statements(facts(users(), posts()), facts(users(), posts(foreignKey('author', 'users'))), true),
    ).toEqual([
      'ALTER TABLE public.posts ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES' +
        ' public.users(id) NOT VALID',
      'ALTER TABLE public.posts VALIDATE CONSTRAINT posts_author_fkey',
    ]);
  });

  test('NOT NULL is proven by a check that goes again', () => {
    const steps = planOf([users(a)], [users(column('a', 'text', notNull()))], true);
    expect(steps.map(({ sql, lock }) => [sql, lock])).toEqual([
      [expect.stringMatching(/ADD CONSTRAINT (\w+) CHECK \(a IS NOT NULL\) NOT VALID$/), 'ACCESS EXCLUSIVE'],
      [expect.stringMatching(/VALIDATE CONSTRAINT \w+$/), 'SHARE UPDATE EXCLUSIVE'],
      ['ALTER TABLE public.users ALTER COLUMN a SET NOT NULL', 'ACCESS EXCLUSIVE'],
      [expect.stringMatching(/DROP CONSTRAINT \w+$/), 'ACCESS EXCLUSIVE'],
    ]);
    expect(steps.flatMap(({ hazards }) => hazards)).toEqual(['may_fail_on_existing_rows']);
  });

  test('it ends at the same state: each statement of the plain plan is there, or its online form', () => {
    const [before, after] = [
      [users(a), posts()],
      [users(a, index('a')), posts(foreignKey('author', 'users'))],
    ];
    expect(
      planOf(before, after)
        .map(({ fact }) => fact)
        .sort(),
    ).toEqual([...new Set(planOf(before, after, true).map(({ fact }) => fact))].sort());
  });
});

describe('what a statement costs', () => {
  const hazardsOf = (before: Part[], after: Part[]) =>
    planOf(before, after).map(({ hazards, lock }) => [[...hazards].sort(), lock]);
  const a = column('a', 'integer');

  test.each<[string, Part[], Part[], unknown]>([
    ['a table is dropped', [users()], [], [[['deletes_data'], 'ACCESS EXCLUSIVE']]],
    ['a column is dropped', [users(a)], [users()], [[['deletes_data'], 'ACCESS EXCLUSIVE']]],
    ['a column is added', [users()], [users(a)], [[[], 'ACCESS EXCLUSIVE']]],
    [
      'a table is rewritten',
      [users(a)],
      [users(column('a', 'bigint'))],
      [[['blocks_reads', 'blocks_writes', 'rewrites_table'], 'ACCESS EXCLUSIVE']],
    ],
    [
      'rows may be in the way',
      [users(a)],
      [users(column('a', 'integer', notNull()))],
      [[['blocks_reads', 'blocks_writes', 'may_fail_on_existing_rows'], 'ACCESS EXCLUSIVE']],
    ],
    ['writers wait', [users(a)], [users(a, index('a'))], [[['blocks_writes'], 'SHARE']]],
    ['queries get slower', [users(a, index('a'))], [users(a)], [[['slows_queries'], 'ACCESS EXCLUSIVE']]],
    ['a view is dropped', [view('v', ' SELECT 1 AS a', ['a integer'])], [], [[[], null]]],
  ])('%s', (_, before, after, wanted) => {
    expect(hazardsOf(before, after)).toEqual(wanted);
  });

  test('a partition that goes with its parent takes rows along', () => {
    const whole = partitioned('whole', 'LIST (a)', ['a integer'], column('a', 'integer'));
    const part = partition('part', 'whole', 'FOR VALUES IN (1)', column('a', 'integer'));
    expect(hazardsOf([whole, part], [])).toEqual([[['deletes_data'], 'ACCESS EXCLUSIVE']]);
    expect(hazardsOf([whole], [])).toEqual([[[], 'ACCESS EXCLUSIVE']]);
  });
});
