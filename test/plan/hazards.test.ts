// What a plan says of its statements: on how much they work, and no less than what squawk warns of.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { sync } from '../../lib/commands/sync.ts';
import type { Hazard, Step } from '../../lib/model/step.ts';
import { differenceText } from '../../lib/report/difference.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
});
afterAll(() => {
  own.drop();
  rmSync(cache, { recursive: true });
});

/** What a rule of squawk warns of, as a hazard here; null: of a lock, which each step names. */
const rules: Readonly<Record<string, Hazard | null>> = {
  'adding-field-with-default': 'rewrites_table',
  'adding-foreign-key-constraint': 'blocks_writes',
  'adding-not-nullable-field': 'blocks_reads',
  'adding-required-field': 'fails_on_existing_rows',
  'adding-serial-primary-key-field': 'blocks_reads',
  'ban-drop-column': 'deletes_data',
  'ban-drop-table': 'deletes_data',
  'changing-column-type': null,
  'constraint-missing-not-valid': 'may_fail_on_existing_rows',
  'disallowed-unique-constraint': 'blocks_reads',
  'renaming-column': 'breaks_clients',
  'renaming-table': 'breaks_clients',
  'require-concurrent-index-creation': 'blocks_writes',
  'require-concurrent-index-deletion': null,
  'require-concurrent-partition-detach': null,
};

// Of style, of what a whole file should hold, or of what changes nothing that is there.
const others =
  /^(prefer-|require-(lock|statement)-timeout|require-enum-value|ban-char|ban-.*domain|ban-drop-not-null)/;

const old = `create table t (a int, b int, c int, name text, small varchar(10)); create table gone (a int);
  create table u (a int primary key); create index i on t (a); create table former (a int);
  create table p (a int) partition by list (a); create table q (a int);
  create table r partition of p for values in (2); create type mood as enum ('a'); create domain d as int;`;
const wanted = `create table t (a int not null constraint k references u (a),
  b bigint constraint ch check (b > 0), full_name text,
    small text, d int not null, e double precision default random(), f bigint generated always as (a * 2)
    stored, g bigserial,
    constraint un unique (b), constraint ex exclude (a with =), primary key (a));
  create table u (a int primary key); create index j on t (b); create table later (a int);
  create table p (a int) partition by list (a); create table q partition of p for values in (1);
  create table r (a int); create type mood as enum ('a', 'b'); create domain d as int constraint dc check
  (value > 1);`;

interface Violation {
  readonly line: number;
  readonly rule_name: string;
}

function squawk(steps: readonly Step[]): Violation[] {
  const file = join(cache, 'plan.sql');
  writeFileSync(file, steps.map(({ sql }) => `${sql.replace(/\s+/g, ' ')};\n`).join(''));
  const program = join(import.meta.dirname, '../../node_modules/@squawk-cli/linux-x64/bin/squawk');
  const words = ['--reporter', 'json', '--pg-version', '15', file];
  try {
    return JSON.parse(execFileSync(program, words, { encoding: 'utf8', stdio: 'pipe' }));
  } catch (thrown) {
    // It ends with 1 where it found something.
    return JSON.parse((thrown as { stdout: string }).stdout);
  }
}

test('nothing that squawk flags goes unmentioned', async () => {
  writeFileSync(join(own.context.project.root, 'old.sql'), old);
  writeFileSync(join(own.context.project.root, 'new.sql'), wanted);
  const rename = ['t.name=full_name', 'former=later'];
  const { up } = await difference(own.context, { from: './old.sql', to: './new.sql', rename });
  const met = new Set<string>();
  const unmentioned = squawk(up).flatMap(({ line, rule_name: rule }) => {
    if (others.test(rule)) return [];
    met.add(rule);
    const { sql, hazards, lock } = up[line] as Step;
    const hazard = rules[rule];
    const mentioned =
      hazard === null ? lock !== null || hazards.length > 0 : hazards.includes(hazard as Hazard);
    return mentioned ? [] : [`${rule}: ${sql} (${hazards.join()})`];
  });
  expect(unmentioned).toEqual([]);
  expect([...met].sort()).toEqual(Object.keys(rules));
});

test('each is shown with the table, its rows and its size as the target has them', async () => {
  await withDatabase(anyServer(), ({ url }) =>
    (async (target: Project) => {
      target.want(
        `create table big (a int, note text); create table never (a int, b int); create table emptied (a int, b int);
         create table whole (a int) partition by list (a); create table part partition of whole for
         values in (1);`,
      );
      await sync(target.context, { yes: true }, undefined);
      await rowsOf(
        url,
        `insert into big select n, 'x' from generate_series(1, 1500) n; insert into whole select 1
          from generate_series(1, 700);
         insert into never select 1; analyze emptied; insert into emptied values (1);
         analyze big; analyze part`,
      );
      target.want(
        `create table big (a bigint); create table never (a int); create table emptied (a int);
         create table whole (a bigint) partition by list (a); create table part partition of whole for
         values in (1);`,
      );
      const report = await difference(target.context);
      expect(report.cautions).toContainEqual({
        hazard: 'deletes_data',
        sql: 'ALTER TABLE public.big DROP COLUMN note',
        table: { name: 'big', rows: 1500, bytes: expect.any(Number) },
      });
      for (const name of ['never', 'emptied'])
        expect(report.cautions.find(({ sql }) => sql.includes(name))?.table).toMatchObject({ rows: null });
      expect(report.cautions.find(({ sql }) => sql.includes('whole'))?.table).toMatchObject({ rows: 700 });
      const text = differenceText(report, { width: 80, uncut: true, colour: false, now: new Date(0) });
      expect(text).toMatch(
        / {2}ALTER TABLE public\.big DROP COLUMN note {2}\(big: about 1,500 rows, \d+ kB\)\n/,
      );
      await sync(target.context, { force: true }, async ({ cautions }) => {
        expect(cautions).toEqual(report.cautions);
        return false;
      });
      target.drop();
    })(project(url, cache)),
  );
});
