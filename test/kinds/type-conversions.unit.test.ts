// The type of an extension is known by the schema of the extension, whatever it is called.
import { expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { mayLose } from '../../lib/kinds/tables/lost-values.ts';
import { rewritesTable, writeConversion } from '../../lib/kinds/tables/type-conversions.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Scope } from '../../lib/model/kind.ts';

function scopeOf(schema: string | null): Scope {
  const extension = [
    'extension:hstore',
    { id: 'extension:hstore', kind: 'extension', payload: { schema } },
  ] as const;
  const side = { ...emptyCatalog(18, kinds), facts: new Map(schema === null ? [] : [extension]) };
  return { before: side, after: side, major: 18, kinds } as unknown as Scope;
}

test.each([
  ['public', 'public.hstore', 'jsonb', ' USING c::jsonb'],
  ['Extra Types', '"Extra Types".hstore', 'json', ' USING c::json'],
  ['Extra Types', '"Extra Types".hstore[]', 'jsonb[]', ' USING c::jsonb[]'],
  ['Extra Types', 'public.hstore', 'jsonb', ' USING c::text::jsonb'],
  [null, 'public.hstore', 'jsonb', ' USING c::text::jsonb'],
])('hstore in %s: %s to %s', (schema, from, to, using) => {
  expect(writeConversion(from, to, 'c', scopeOf(schema))).toBe(using);
});

test.each([
  ['boolean[]', 'integer[]', ' USING c::integer[]'],
  ['int4range[]', 'int4multirange[]', ' USING c::int4multirange[]'],
  ['regclass[]', 'oid[]', ' USING c::oid[]'],
])('the server casts each element of %s', (from, to, using) => {
  expect(writeConversion(from, to, 'c', scopeOf(null))).toBe(using);
});

test.each([
  ['box[]', 'text[]', ' USING c::text[]'],
  ['box[]', 'character varying(80)[]', ' USING c::character varying(80)[]'],
  ['text[]', 'box[]', ' USING c::text[]::box[]'],
  ['box[]', 'polygon[]', ' USING c::text[]::polygon[]'],
  ['box[]', 'text', ' USING c::text'],
  ['public.corner[]', 'text[]', ' USING c::text[]'],
])('elements of %s become those of %s one by one', (from, to, using) => {
  expect(writeConversion(from, to, 'c', scopeOf(null))).toBe(using);
});

test('a type of the same name in another schema is the same where its extension moved there', () => {
  const kept = scopeOf('v1');
  const scope = { ...kept, after: scopeOf('v2').after };
  expect(mayLose('v1.code', 'v2.code', scope, false)).toBe(false);
  expect(mayLose('v1.code', 'v3.code', scope, false)).toBe(true);
  expect(mayLose('v1.code', 'v2.code', kept, false)).toBe(true);
  expect(mayLose('v1.code', 'v2.code', scopeOf(null), false)).toBe(true);
});

test.each([
  ['geometry(Point,4326)', 'geometry(Point,3857)', true],
  ['geometry', 'geometry(Point,4326)', true],
  ['geometry(Point,4326)', 'geometry', false],
  ['geometry(Point,4326)[]', 'geometry(Point,3857)[]', true],
  ['timeseries.v(3)', 'timeseries.v(6)', true],
  ['public.mood', 'public.mood', true],
])('%s to %s rewrites the table: %s', (from, to, rewrites) => {
  expect(rewritesTable(from, to)).toBe(rewrites);
});
