// A change of type that may change values is stamped, refused without --force, and told with its rows.
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generate } from '../lib/operations/generation.ts';
import { lossesOn } from '../lib/operations/made-rows.ts';
import { sync } from '../lib/operations/sync.ts';
import { failure } from './failure.ts';
import { freshCache } from './migration/cache.ts';
import { type Project, project } from './migration/project.ts';

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
  const lost = await lossesOn(
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
