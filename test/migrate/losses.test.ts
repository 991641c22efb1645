// A change of type that may change values is stamped, refused without --force, and told with its rows.

import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { difference } from '../../lib/commands/diff.ts';
import { generate } from '../../lib/commands/generate.ts';
import { sync } from '../../lib/commands/sync.ts';
import { findSampleLosses } from '../../lib/migrate/sample-rows.ts';
import { failure } from '../failure.ts';
import { freshCache } from '../project/cache.ts';
import { type Project, project } from '../project/project.ts';

let cache: string;
let own: Project;

beforeAll(async () => {
  cache = await freshCache();
  own = project(null, cache);
});
afterAll(async () => {
  own.drop();
  await rm(cache, { recursive: true });
});

// What loses, and on which values that is seen.
const narrowings = [
  ['numeric(12,4)', 'numeric(8,2)', ''],
  ['numeric(12,4)', 'integer', ''],
  ['timestamptz', 'date', ''],
  ['timestamp', 'timestamp(0)', ''],
  ['double precision', 'real', ''],
  ['json', 'jsonb', ''],
  ['varchar(80)', 'char(80)', ''],
  ['varchar(100)', 'varchar(50)', ''],
  ['text', '"char"', ''],
  ['timestamptz', 'timetz', ' USING v::text::timetz'],
  ['interval', 'interval day', ''],
  ['bigint', 'double precision', ''],
  ['text', 'integer', ' USING v::text::integer'],
  ['integer', 'bit(4)', ' USING v::bit(4)'],
  ['inet', 'cidr', ''],
  ['numeric[]', 'numeric(8,2)[]', ''],
] as const;

test.each(narrowings)('values made to be lost show what %s to %s does', async (from, to, using) => {
  const file = (name: string, text: string) => ({ file: name, text });
  const back = using === '' ? '' : ` USING v::text::${from}`;
  const lost = await findSampleLosses(
    own.context,
    { files: [file('start', `create table t (id int primary key, v ${from});`)], inOrder: true },
    {
      up: file('up', `alter table t alter v type ${to}${using};`),
      down: file('down', `alter table t alter v type ${from}${back};`),
      changed: ['public.t.v'],
      thorough: true,
    },
  );
  expect([...(lost ?? new Map()).keys()]).toEqual(['public.t']);
});

test('narrowings are stamped lossy and need --force, widenings are neither', async () => {
  own.clear();
  const table = (columns: string) => `create table t (id int primary key, ${columns});`;
  own.want(table('amount numeric(12,4), born timestamptz, data json, wide varchar(50)'));
  await sync(own.context, { yes: true }, undefined);
  own.want(table('amount numeric(8,2), born date, data jsonb, wide varchar(50)'));
  const { written } = await generate(own.context);
  const [{ down } = { down: null }] = written;
  expect(down?.is).toBe('lossy');
  for (const name of ['amount', 'born', 'data']) expect(JSON.stringify(down)).toContain(name);
  const refused = await failure(sync(own.context, { yes: true }, undefined));
  expect(refused.code).toBe('data_loss_refused');
  expect(JSON.stringify(refused.data)).toContain(
    'a value of amount that changes from numeric(12,4) to numeric(8,2)',
  );
  expect(refused.message).toBe('Cannot proceed: would drop data. Use --force flag');
  await sync(own.context, { yes: true, force: true }, undefined);
  own.want(table('amount numeric(8,2), born date, data jsonb, wide varchar(100)'));
  expect((await generate(own.context)).written[0]?.down).toEqual({ is: 'exact' });
  await sync(own.context, { yes: true }, undefined);
});

// Per table: the schema before and after, and whether values of it may change.
const reached: Readonly<Record<string, readonly [old: string, wanted: string, loses: boolean]>> = {
  of_a_domain: [
    'create domain d as numeric(12,4); create table of_a_domain (v d);',
    'create domain d as numeric(8,2); create table of_a_domain (v d);',
    true,
  ],
  of_a_wider_domain: [
    'create domain w as varchar(10); create table of_a_wider_domain (v w);',
    'create domain w as varchar(20); create table of_a_wider_domain (v w);',
    false,
  ],
  to_a_domain: [
    'create table to_a_domain (v char(50));',
    'create domain cut as varchar(3); create table to_a_domain (v cut);',
    true,
  ],
  of_attributes: [
    'create type c as (a numeric(12,4)); create table of_attributes (v c, w c[]);',
    'create type c as (a integer); create table of_attributes (v c, w c[]);',
    true,
  ],
  of_wider_attributes: [
    'create type cw as (a integer); create table of_wider_attributes (v cw);',
    'create type cw as (a bigint); create table of_wider_attributes (v cw);',
    false,
  ],
  of_elements: [
    'create table of_elements (v numeric(12,4)[]);',
    'create table of_elements (v numeric(8,2)[]);',
    true,
  ],
  of_partitions: [
    'create table of_partitions (k int, v timestamptz) partition by list (k); create table part' +
      ' partition of of_partitions default;',
    'create table of_partitions (k int, v date) partition by list (k); create table part partition' +
      ' of of_partitions default;',
    true,
  ],
  of_heirs: [
    'create table of_heirs (v double precision); create table heir () inherits (of_heirs);',
    'create table of_heirs (v real); create table heir () inherits (of_heirs);',
    true,
  ],
  of_a_typed_table: [
    'create type person as (note text); create table of_a_typed_table of person;',
    'create type person as (note varchar(3)); create table of_a_typed_table of person;',
    true,
  ],
  of_fewer_labels: [
    `create type mood as enum ('a', 'b'); create table of_fewer_labels (v mood);`,
    `create type mood as enum ('a'); create table of_fewer_labels (v mood);`,
    false,
  ],
  from_an_enum: [
    `create type plain as enum ('a', 'b'); create table from_an_enum (v plain, w plain);`,
    `create type plain as enum ('a', 'b'); create table from_an_enum (v text, w varchar(5));`,
    false,
  ],
  by_a_cast: [
    `create type odd as enum ('a', 'b'); create function f(odd) returns text immutable language sql as $$
      select 'x' $$;
     create cast (odd as text) with function f(odd); create table by_a_cast (v odd);`,
    `create type odd as enum ('a', 'b'); create function f(odd) returns text immutable language sql as $$
      select 'x' $$;
     create cast (odd as text) with function f(odd); create table by_a_cast (v text);`,
    true,
  ],
  that_was_computed: [
    'create table that_was_computed (a int, v numeric generated always as (a / 3.0) stored);',
    'create table that_was_computed (a int, v numeric(8,2));',
    true,
  ],
  that_stays_as_it_was_computed: [
    'create table that_stays_as_it_was_computed (a int, v numeric generated always as (a / 3.0) stored);',
    'create table that_stays_as_it_was_computed (a int, v numeric);',
    false,
  ],
  of_a_serial: ['create table of_a_serial (v serial);', 'create table of_a_serial (v bigserial);', false],
  of_a_collation: [
    'create table of_a_collation (v text);',
    'create table of_a_collation (v text collate "C");',
    false,
  ],
  of_a_range: [
    'create type r as range (subtype = numeric); create table of_a_range (v r);',
    'create type r as range (subtype = integer); create table of_a_range (v r);',
    true,
  ],
  of_blanks: ['create table of_blanks (v varchar(100));', 'create table of_blanks (v varchar(50));', true],
};

test('a loss is seen through domains, attributes, elements, partitions, heirs and casts', async () => {
  const sides = [0, 1].map((side) => Object.values(reached).map((one) => one[side]));
  for (const [at, name] of ['old.sql', 'new.sql'].entries())
    writeFileSync(join(own.context.project.root, name), (sides[at] ?? []).join('\n'));
  const { up } = await difference(own.context, { from: './old.sql', to: './new.sql' });
  const losing = up.filter(({ hazards }) => hazards.includes('loses_values')).map(({ sql }) => sql);
  // A typed table follows its type.
  const found = Object.keys(reached).filter((name) =>
    losing.some(
      (sql) =>
        new RegExp(`public\\.${name}\\s`).test(sql) ||
        (name === 'of_a_typed_table' && sql.includes('.person ')),
    ),
  );
  expect(found).toEqual(Object.keys(reached).filter((name) => reached[name]?.[2]));
});
