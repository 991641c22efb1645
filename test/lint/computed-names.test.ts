// Values that a block overwrites in a table or column whose name it computes.
import { expect, test } from 'vitest';
import { lintFiles } from '../../lib/lint/lint.ts';

async function overwritten(body: string): Promise<(string | null)[]> {
  const text = `alter table users add column fresh text; do $$ declare t text; begin ${body} end $$;`;
  const found = await lintFiles([{ file: 'a.sql', text, is: 'migration', transactional: true }], {});
  return found.filter(({ rule }) => rule === 'overwrite_values').map(({ object }) => object);
}

test.each([
  [`execute format('UPDATE %I SET email = NULL', t);`, null],
  [`execute format('update only %I.%I as o set email = null where id = 1', 'public', t);`, null],
  [`execute format('update public.%1$s set email = null', t);`, null],
  [`execute 'update ' || quote_ident(t) || ' set email = null';`, null],
  [`execute 'update public.'\n  || t || ' set email = null';`, null],
  [`execute 'update users ' || 'set email = null';`, 'public.users'],
  [`execute format('update users set %I = null', t);`, 'public.users'],
  [`execute format('update users set fresh = null, %I = null', t);`, 'public.users'],
  [`execute format('insert into %I values (1) on conflict (id) do update set email = null', t);`, null],
  [`execute format('merge into %I u using n on true when matched then update set email = null', t);`, null],
])('%s', async (body, object) => {
  expect(await overwritten(body)).toEqual([object]);
});

test.each([
  `execute format('select 1 from %I for update', t); perform set_config('a.b', '1', true);`,
  `execute format('alter table %I add column a text', t);`,
  `execute format('update users set fresh = %L', t);`,
  `execute format('update %I set email = null where email is null;', t);`,
  `raise notice 'update of % rows || %', t, t; update users set fresh = 'x' || t || 'y';`,
])('not %s', async (body) => {
  expect(await overwritten(body)).toEqual([]);
});
