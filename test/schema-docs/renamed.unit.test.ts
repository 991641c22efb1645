// Renames of other objects that have the name of a table or a schema.
import { expect, test } from 'vitest';
import type { DescribedRelation, Description, ObjectPath } from '../../lib/describe/description.ts';
import { renameDescription } from '../../lib/schema-docs/renamed.ts';

const table = (path: ObjectPath, references: ObjectPath): DescribedRelation => ({
  path,
  sort: 'table',
  comment: null,
  owner: 'me',
  partitionKey: null,
  partitionOf: null,
  rowSecurity: false,
  columns: [],
  constraints: [{ name: 'f', sort: 'foreign', columns: ['a'], definition: '', references, comment: null }],
  indexes: [],
  triggers: [],
  policies: [],
  grants: [],
});
const description: Description = {
  major: 15,
  schemas: [],
  extensions: [],
  sequences: [],
  relations: [
    table(['public', 'orders'], ['public', 'users']),
    table(['public', 'users'], ['public', 'orders']),
  ],
  types: [],
  routines: [],
  values: new Map(),
};

/** The paths of the tables, and those that they reference. */
function rename(text: string, from: readonly string[], to: readonly string[]): string[] {
  const { relations } = renameDescription(description, [{ text, from, to }]).description;
  return relations.map(({ path, constraints: [one] }) => `${path.join('.')} → ${one?.references?.join('.')}`);
}

const same = ['public.orders → public.users', 'public.users → public.orders'];

test('a renamed function or server moves no table of its name', () => {
  expect(rename('FUNCTION public.orders()', ['public', 'orders'], ['public', 'old'])).toEqual(same);
  expect(rename('SERVER public', ['public'], ['other'])).toEqual(same);
});

test('a renamed table or schema moves its tables, and what references them', () => {
  expect(rename('TABLE public.orders', ['public', 'orders'], ['public', 'old'])).toEqual([
    'public.old → public.users',
    'public.users → public.old',
  ]);
  expect(rename('SCHEMA public', ['public'], ['app'])).toEqual([
    'app.orders → app.users',
    'app.users → app.orders',
  ]);
});
