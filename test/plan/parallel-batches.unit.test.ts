// Steps that run beside each other: each that reads rows alone, the others together; and what each waits for.
import { describe, expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { makeDifference } from '../../lib/model/diff.ts';
import type { Hazard, Step } from '../../lib/model/step.ts';
import { planAroundRows } from '../../lib/plan/around-data.ts';
import { splitIntoBatches } from '../../lib/plan/parallel-batches.ts';
import { planStatements } from '../../lib/plan/plan.ts';
import {
  check,
  column,
  comment,
  facts,
  foreignKey,
  index,
  notNull,
  oneLine,
  type Part,
  primaryKey,
  sqlFunction,
  table,
  trigger,
  view,
} from '../model/facts.ts';

const empty = facts();
const users = (...parts: readonly Part[]) =>
  table('users', column('id', 'integer', notNull()), primaryKey('id'), ...parts);
const step = (sql: string, ...hazards: readonly Hazard[]): Step => ({
  sql,
  action: 'create',
  kind: 'index',
  fact: `index:${sql}`,
  hazards,
  lock: null,
  transactional: true,
  segment: 0,
});
const quick = (sql: string) => step(sql);
const slow = (sql: string) => step(sql, 'blocks_writes');
const portions = (steps: readonly Step[], waits: readonly (readonly number[])[]) =>
  splitIntoBatches(steps, waits).map((one) => ({ ...one, steps: one.steps.map(({ sql }) => sql).join() }));

describe('batches', () => {
  test('quick steps share one', () => {
    expect(portions([quick('a'), quick('b'), quick('c')], [[], [0], []])).toEqual([
      { steps: 'a,b,c', waits: [], reads: false },
    ]);
  });

  test('each step that reads rows has its own, and waits for nothing it does not need', () => {
    expect(portions([slow('a'), slow('b')], [[], []])).toEqual([
      { steps: 'a', waits: [], reads: true },
      { steps: 'b', waits: [], reads: true },
    ]);
  });

  test('what needs a slow step waits for it, in a batch behind it', () => {
    expect(portions([quick('a'), slow('b'), quick('c'), quick('d')], [[], [0], [1], []])).toEqual([
      { steps: 'a', waits: [], reads: false },
      { steps: 'b', waits: [0], reads: true },
      { steps: 'c,d', waits: [1, 0], reads: false },
    ]);
  });

  test('quick steps keep their order among themselves', () => {
    const all = portions([quick('a'), slow('b'), quick('c'), slow('d'), quick('e')], [[], [], [1], [], [3]]);
    const behind = all.filter(({ reads }) => !reads);
    for (const [at, one] of behind.entries())
      if (at > 0) expect(one.waits).toContain(all.indexOf(behind[at - 1] as (typeof all)[number]));
  });

  test('no batch waits for itself or a later one', () => {
    const steps = Array.from({ length: 60 }, (_, at) => (at % 7 === 3 ? slow(`${at}`) : quick(`${at}`)));
    const waits = steps.map((_, at) => (at < 5 ? [] : [at - 5, Math.floor(at / 2)]));
    const all = splitIntoBatches(steps, waits);
    for (const [at, { waits: awaited }] of all.entries())
      for (const one of awaited) expect(one).toBeLessThan(at);
    expect(all.flatMap((one) => one.steps)).toHaveLength(60);
  });

  test('a batch holds at most a hundred steps', () => {
    const steps = Array.from({ length: 250 }, (_, at) => quick(`${at}`));
    expect(splitIntoBatches(steps, []).map((one) => one.steps.length)).toEqual([100, 100, 50]);
  });
});

describe('what steps wait for', () => {
  const waitsOf = (after: Part[], ranked?: boolean) => {
    const { steps, waits } = planStatements({
      difference: makeDifference(empty, facts(...after), kinds),
      kinds,
    });
    const words = steps.map(({ sql }) => oneLine(sql).replace(/ (?:\(|ON|ADD|AS|IS).*/, ''));
    return Object.fromEntries(waits(ranked).map((own, at) => [words[at], own.map((one) => words[one])]));
  };

  test('an index waits for its table, and for nothing else', () => {
    const waits = waitsOf([users(column('a', 'text'), index('a')), table('t', column('b', 'text'))]);
    expect(waits['CREATE INDEX users_a_idx']).toEqual(['CREATE TABLE public.users']);
    expect(waits['CREATE TABLE public.t']).toEqual([]);
  });

  test('a foreign key of its own waits for both tables', () => {
    const waits = waitsOf([
      users(),
      table('posts', column('author', 'integer'), foreignKey('author', 'users')),
    ]);
    expect(waits['ALTER TABLE public.posts']).toEqual(
      expect.arrayContaining(['CREATE TABLE public.posts', 'CREATE TABLE public.users']),
    );
  });
});

describe('around rows', () => {
  const f = sqlFunction('f', '()', '');
  const definition =
    'CREATE TRIGGER t BEFORE INSERT ON public.users FOR EACH ROW EXECUTE FUNCTION public.f()';
  const all = facts(
    f,
    users(
      column('a', 'text', comment('x')),
      index('a'),
      check('positive', 'id > 0', 'id'),
      trigger('t', definition, 'function:public.f()'),
    ),
    table('posts', column('author', 'integer'), foreignKey('author', 'users')),
    view('v', ' SELECT id\n   FROM public.users', ['id integer'], 'column:public.users.id'),
  );
  const halves = planAroundRows(empty, all, kinds);
  const early = halves.before.map(({ sql }) => oneLine(sql)).join('\n');
  const late = halves.after.map(({ sql }) => oneLine(sql)).join('\n');

  test.each<[string, string]>([
    ['tables', 'CREATE TABLE public.users'],
    ['columns with NOT NULL', 'id integer NOT NULL'],
  ])('%s come before the rows', (_, words) => {
    expect(early).toContain(words);
    expect(late).not.toContain(words);
  });

  test.each<[string, string]>([
    ['indexes', 'CREATE INDEX users_a_idx'],
    ['keys', 'ADD CONSTRAINT users_pkey PRIMARY KEY'],
    ['foreign keys', 'ADD CONSTRAINT posts_author_fkey'],
    ['triggers', 'CREATE TRIGGER t'],
  ])('%s come after them', (_, words) => {
    expect(late).toContain(words);
    expect(early).not.toContain(words);
  });

  test('nothing is made twice, and nothing is left out', () => {
    const made = [...halves.before, ...halves.after].map(({ sql }) => oneLine(sql));
    expect(new Set(made).size).toBe(made.length);
    for (const words of [
      'CREATE VIEW public.v',
      'positive',
      'COMMENT ON COLUMN public.users.a',
      'FUNCTION public.f()',
    ])
      expect(made.filter((sql) => sql.includes(words)).length).toBeGreaterThan(0);
  });

  test('a foreign key waits for the key that it refers to', () => {
    const waits = halves.waits();
    const at = (words: string) => halves.after.findIndex(({ sql }) => sql.includes(words));
    expect(waits[at('posts_author_fkey')]).toContain(at('users_pkey'));
  });
});
