// The type of an extension is known by the schema of the extension, whatever it is called.
import { expect, test } from 'vitest';
import { kinds } from '../../lib/kinds/index.ts';
import { writeConversion } from '../../lib/kinds/tables/type-conversions.ts';
import { emptyCatalog } from '../../lib/model/empty-catalog.ts';
import type { Scope } from '../../lib/model/kind.ts';

function scopeOf(schema: string | null): Scope {
  const extension = ['extension:hstore', { payload: { schema } }] as const;
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
