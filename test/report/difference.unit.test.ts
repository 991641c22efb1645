// `db:diff` as text and as SQL.
import { expect, test } from 'vitest';
import type { DifferenceReport } from '../../lib/commands/diff.ts';
import type { ObjectChange } from '../../lib/compare/changes.ts';
import { listCautions } from '../../lib/compare/impact.ts';
import type { Step } from '../../lib/model/step.ts';
import { differenceText } from '../../lib/report/difference.ts';
import { formatAge } from '../../lib/report/format.ts';
import { diffLines, formatUnified } from '../../lib/report/lines.ts';
import { renderScript } from '../../lib/report/script.ts';

const paper = { width: 80, colour: false, now: new Date(0) };

function step(fact: string, sql: string, more: Partial<Step> = {}): Step {
  return {
    sql,
    fact,
    action: 'create',
    kind: 'x',
    hazards: [],
    lock: null,
    transactional: true,
    segment: 0,
    ...more,
  };
}

function change(
  standing: ObjectChange['standing'],
  text: string,
  more: Partial<ObjectChange> = {},
): ObjectChange {
  return { standing, text, kind: 'x', facts: [text], part: null, attributes: [], ...more };
}

function report(changes: ObjectChange[], up: Step[] = []): DifferenceReport {
  const diff = { added: [], removed: [], changed: [] };
  return {
    from: 'prod',
    to: 'schema/schema.sql',
    diff,
    changes,
    up,
    down: [],
    findings: [],
    unmanaged: [],
    cautions: listCautions(up),
    renames: [],
    possible: [],
  };
}

test('changes stand with the object that they are part of', () => {
  const text = differenceText(
    report(
      [
        change('missing', 'INDEX a ON users(a)', { part: 'TABLE users' }),
        change('missing', 'VIEW v', { facts: ['v', 'comment'] }),
        change('different', 'COLUMN users.name: type text → integer', {
          part: 'TABLE users',
          attributes: [{ name: 'type', from: 'text', to: 'integer' }],
        }),
        change('different', 'FUNCTION f()', {
          attributes: [{ name: 'body', from: 'begin\n  one\nend', to: 'begin\n  two\nend' }],
        }),
        change('extra', 'TABLE old'),
      ],
      [
        step('INDEX a ON users(a)', 'CREATE INDEX a ON public.users USING btree (a)'),
        step('v', 'CREATE VIEW public.v AS\n SELECT 1'),
        step('comment', "COMMENT ON VIEW public.v IS 'x'"),
        step('TABLE old', 'DROP TABLE public.old', { hazards: ['deletes_data'], segment: 1 }),
      ],
    ),
    paper,
  );
  expect(text).toBe(`From: prod
To:   schema/schema.sql

TABLE users
  + INDEX a ON users(a)
  ~ COLUMN users.name
      type: text → integer
+ VIEW v
+     CREATE VIEW public.v AS
+      SELECT 1;
+     COMMENT ON VIEW public.v IS 'x';
~ FUNCTION f()
    body:
     begin
    -  one
    +  two
     end
- TABLE old

2 to add, 2 to change, 1 to remove. Up: 4 statements in 2 transactions. Down: 0 statements.
Caution: deletes data:
  DROP TABLE public.old`);
});

test('what is different in an object itself stands above its parts', () => {
  const options = [{ name: 'options', from: [], to: ['a=b'] }];
  const text = differenceText(
    report([
      change('different', 'FOREIGN TABLE f: options none → a=b', { attributes: options }),
      change('extra', 'TABLE old'),
      change('missing', 'COLUMN f.a', { part: 'FOREIGN TABLE f' }),
    ]),
    paper,
  );
  expect(text.split('\n').slice(3, -2)).toEqual([
    '~ FOREIGN TABLE f',
    '    options: none → a=b',
    '  + COLUMN f.a',
    '- TABLE old',
  ]);
});

test('no differences are one line', () => {
  expect(differenceText(report([]), paper)).toBe('No differences: prod equals schema/schema.sql.');
});

test('the script ends statements, warns, and marks where a transaction must end', () => {
  const text = renderScript([
    step('f', 'CREATE FUNCTION f() …'),
    step('t', 'DROP TABLE t', { hazards: ['deletes_data', 'blocks_reads'] }),
    step('e', "ALTER TYPE e ADD VALUE 'x'", { transactional: false, segment: 1 }),
    step('u', 'CREATE TABLE u ()', { segment: 2 }),
  ]);
  expect(text).toBe(`SET check_function_bodies = off;

CREATE FUNCTION f() …;

-- Caution: deletes data.
-- Caution: blocks reads until its transaction ends.
DROP TABLE t;

-- Outside of a transaction: commit the statements above first.

ALTER TYPE e ADD VALUE 'x';

-- A new transaction: commit the statements above first.

CREATE TABLE u ();`);
  expect(renderScript([])).toBe('-- Nothing to do.');
  expect(renderScript([step('t', 'CREATE TABLE t ()')])).toBe('CREATE TABLE t ();');
});

test('line differences keep the most lines', () => {
  const signs = (a: string, b: string) => diffLines(a, b).map(({ sign, text }) => sign + text);
  expect(signs('a\nb\nc', 'a\nx\nc')).toEqual([' a', '-b', '+x', ' c']);
  expect(signs('a\nb\nc\nd', 'b\nc\nd\ne')).toEqual(['-a', ' b', ' c', ' d', '+e']);
  expect(signs('same', 'same')).toEqual([' same']);
  const big = (word: string) => Array.from({ length: 5000 }, (_, index) => `${word}${index}`).join('\n');
  expect(signs(big('a'), big('b'))).toHaveLength(10_000);
});

test('unchanged lines far from a change are left out', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `l${index + 1}`);
  const changed = lines.with(9, 'new');
  expect(formatUnified(lines.join('\n'), changed.join('\n'))).toEqual([
    '@@ line 8 @@',
    ' l8',
    ' l9',
    '-l10',
    '+new',
    ' l11',
    ' l12',
  ]);
});

test.each([
  [0, 'just now'],
  [59, 'just now'],
  [60, '1 minute ago'],
  [7_199, '1 hour ago'],
  [7_200, '2 hours ago'],
  [172_800, '2 days ago'],
  [-5, 'just now'],
])('%i seconds are %s', (seconds, text) => {
  expect(formatAge(new Date(0), new Date(seconds * 1000))).toBe(text);
});

test('a statement of one line stands below a head that is only a name', () => {
  const text = differenceText(
    report(
      [change('missing', 'TYPE mood'), change('missing', 'SCHEMA app'), change('missing', 'INDEX a ON t(a)')],
      [
        step('TYPE mood', "CREATE TYPE public.mood AS ENUM ('sad', 'ok')"),
        step('SCHEMA app', 'CREATE SCHEMA app'),
        step('INDEX a ON t(a)', 'CREATE INDEX a ON public.t USING btree (a)'),
      ],
    ),
    paper,
  );
  expect(text.split('\n').slice(3, 7)).toEqual([
    '+ TYPE mood',
    "+     CREATE TYPE public.mood AS ENUM ('sad', 'ok');",
    '+ SCHEMA app',
    '+ INDEX a ON t(a)',
  ]);
});

test('each column of a combined statement has its own action', () => {
  const part = (fact: string, action: string) => step(fact, `ALTER TABLE public.users ${action}`);
  const parts = [part('a', 'ADD COLUMN a integer'), part('b', 'ADD COLUMN b text')];
  const head = 'ALTER TABLE users ADD COLUMN';
  const changes = ['a', 'b'].map((name) =>
    change('missing', `${head} ${name}`, { facts: [name], part: 'TABLE users' }),
  );
  const all = step('a', 'ALTER TABLE public.users ADD COLUMN a integer, ADD COLUMN b text', { parts });
  expect(differenceText(report(changes, [all]), paper)).toContain(`TABLE users
  + ALTER TABLE users ADD COLUMN a
  +     ALTER TABLE public.users ADD COLUMN a integer;
  + ALTER TABLE users ADD COLUMN b
  +     ALTER TABLE public.users ADD COLUMN b text;
`);
});
