// The failure of a check that stands for a NOT NULL names the column and its rows.
import { expect, test } from 'vitest';
import { nameNotNull } from '../../lib/ledger/not-null-checks.ts';

const failure = (table: string) =>
  `check constraint "pgmage_4_not_null" of relation "${table}" is violated by some row`;

test('the failure of a check in place of NOT NULL names the column, and how to find the rows', () => {
  const text = `ALTER TABLE public.orgs ADD CONSTRAINT pgmage_4_not_null CHECK (name IS NOT NULL) NOT VALID;
    ALTER TABLE public.users ADD CONSTRAINT pgmage_4_not_null CHECK ("Full name" IS NOT NULL) NOT VALID;
    ALTER TABLE public.users VALIDATE CONSTRAINT pgmage_4_not_null;`;
  expect(nameNotNull(failure('users'), text)).toEqual({
    reason: 'column "Full name" of public.users contains null values',
    detail: 'These rows: SELECT * FROM public.users WHERE "Full name" IS NULL',
  });
  expect(nameNotNull(failure('orgs'), text)?.reason).toBe(
    'column "name" of public.orgs contains null values',
  );
  expect(nameNotNull(failure('other'), text)).toBeNull();
  expect(nameNotNull('check constraint "long" of relation "users" is violated by some row', text)).toBeNull();
});
