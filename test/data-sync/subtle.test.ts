// Changes that other tools overlook.
import { expect, test } from 'vitest';
import { dataDiff } from '../../lib/commands/data-diff.ts';
import { contextOf } from '../copy/cloning.ts';
import { ways, withPair } from '../copy/ways.ts';
import { rowsOf } from '../servers/databases.ts';

const columns = `id uuid, part text, scale numeric, digit float8, bytes bytea, list int[], doc jsonb, moment timestamptz,
  mark xml, place point, nothing text[], letter text, primary key (id, part)`;
const row = `'1', 1, 0.1, '\\x00', '{1,NULL}', '1', '2026-01-01 00:00:00+00', '<a/>', '(0,0)', '{}', 'a'`;

// The tenth is of the key: 'one' and 'One' are two keys.
const changes: readonly (readonly [column: string, value: string])[] = [
  ['scale', '1.00'],
  ['digit', '0.10000000000000002'],
  ['bytes', `'\\x0000'`],
  ['list', `'{1,0}'`],
  ['doc', `'1.0'`],
  ['moment', `'2026-01-01 00:00:00.000001+00'`],
  ['mark', `'<a></a>'`],
  ['place', `'(0,-0)'`],
  ['nothing', 'null'],
  ['letter', `'A'`],
];

test.each(ways)('ten subtle changes are ten rows, each in its column: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target])
      await rowsOf(
        url,
        `create table t (${columns});
         insert into t select md5(n::text)::uuid, ${row} from generate_series(1, 3000) n`,
      );
    for (const [at, [column, value]] of changes.entries())
      await rowsOf(source.url, `update t set ${column} = ${value} where id = md5('${at * 250 + 1}')::uuid`);
    const report = await dataDiff(contextOf(source.url, target.url), {
      from: 'source',
      to: 'target',
      columns: true,
    });
    expect(report.tables).toMatchObject([{ missing: 0, changed: 10, extra: 0 }]);
    expect(report.tables[0]?.columns).toEqual(Object.fromEntries(changes.map(([column]) => [column, 1])));
  });
});

test.each(ways)('keys are equal by their bytes, not by their collation: $name', async ({ from, to }) => {
  await withPair(from, to, async (source, target) => {
    for (const { url } of [source, target])
      await rowsOf(
        url,
        `create collation loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
         create table t (name text collate loose primary key, n int)`,
      );
    await rowsOf(source.url, `insert into t values ('one', 1), ('two', 2)`);
    await rowsOf(target.url, `insert into t values ('One', 1), ('two', 2)`);
    const report = await dataDiff(contextOf(source.url, target.url), { from: 'source', to: 'target' });
    expect(report.tables).toMatchObject([{ missing: 1, changed: 0, extra: 1 }]);
  });
});
