// Objects that no kind manages are listed, so that a person knows what pgmage leaves out.
import { expect, test } from 'vitest';
import { unmanagedQuery } from '../../lib/catalog/unmanaged.ts';
import { rowsOf, withDatabase } from '../servers/databases.ts';
import { anyServer } from '../servers/running.ts';

test('what depends on an extension by its own statement is listed with its schema', async () => {
  await withDatabase(anyServer(), async ({ url }) => {
    await rowsOf(url, 'create schema s; create extension citext; create table s.t (a citext)');
    expect(await rowsOf(url, unmanagedQuery)).toEqual([]);
    await rowsOf(
      url,
      `create function s.f(int) returns int language sql as 'select 1';
       alter function s.f(int) depends on extension citext`,
    );
    expect(await rowsOf(url, unmanagedQuery)).toEqual([
      { description: 'DEPENDENCY of function s.f(integer) on EXTENSION citext', schema: 's' },
    ]);
  });
});
