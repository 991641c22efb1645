// The relations of a whole database cost as much as the rest of a db:status in which nothing changed.
import { expect, test } from 'vitest';
import { splitForReading } from '../../lib/compare/read-back.ts';
import { kinds } from '../../lib/kinds/index.ts';
import { withRelations } from '../../lib/model/catalog.ts';
import { makeUnnotedUses } from '../../lib/model/unnoted-uses.ts';
import { withoutUnmanaged } from '../../lib/project/ignore.ts';
import { column, facts, table } from '../model/facts.ts';

const { facts: own, ...rest } = facts(table('users', column('a', 'text')));
const catalog = withRelations(rest, own, () => {
  throw new Error('The relations were worked out.');
});

test('they are not worked out to read nothing back', () => {
  expect(splitForReading(catalog, [], 10)).toEqual([]);
  expect(() => splitForReading(catalog, ['table:public.users'], 10)).toThrow('worked out');
});

test('they are not worked out to find casts where there are none', () => {
  expect(makeUnnotedUses(catalog, kinds)('table:public.users')).toEqual([]);
});

test('they are not worked out to leave out the ledger', () => {
  const left = withoutUnmanaged({}, catalog);
  expect([...left.facts.keys()]).toEqual([...own.keys()]);
});
