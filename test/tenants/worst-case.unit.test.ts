// The worst case over tenants: each statement once, with sums.
import { expect, test } from 'vitest';
import type { Caution } from '../../lib/compare/impact.ts';
import type { Finding } from '../../lib/migrate/findings.ts';
import { type TenantCase, WorstCaseSum } from '../../lib/tenants/worst-case.ts';

const sql = 'ALTER TABLE users DROP COLUMN name';
const caution = (rows: number | null, bytes: number): Caution => ({
  hazard: 'deletes_data',
  sql,
  table: { name: 'users', rows, bytes },
});
const finding = (found: number): Finding => ({
  outcome: 'loses',
  sql,
  table: 'users',
  words: 'a long name',
  answer: { found, total: 10, sample: 'id = 1' },
});
const nothing: TenantCase = {
  migrations: [],
  unfinished: null,
  finishing: [],
  cautions: [],
  findings: [],
  policy: [],
  losses: [],
};

test('rows and bytes are summed, and one table that was never counted makes the sum unknown', () => {
  const sum = new WorstCaseSum();
  sum.add({ ...nothing, cautions: [caution(10, 100)] });
  sum.add({ ...nothing, cautions: [caution(5, 50)] });
  const table = { name: 'users', rows: 15, bytes: 150 };
  expect(sum.sum().cautions).toEqual([{ hazard: 'deletes_data', sql, tenants: 2, table }]);
  sum.add({ ...nothing, cautions: [caution(null, 1)] });
  expect(sum.sum().cautions[0]).toMatchObject({ tenants: 3, table: { rows: null, bytes: 151 } });
  sum.add({ ...nothing, cautions: [{ hazard: 'deletes_data', sql, table: null }] });
  expect(sum.sum().cautions[0]).toMatchObject({ tenants: 4, table: { bytes: 151 } });
});

test('findings, losses and migrations are counted by tenants', () => {
  const sum = new WorstCaseSum();
  sum.add({ ...nothing, migrations: ['1', '2'], losses: [sql, sql], findings: [finding(2)] });
  sum.add({ ...nothing, migrations: ['2'], losses: [sql], findings: [finding(3)] });
  sum.add({ ...nothing, unfinished: '2', finishing: ['DROP INDEX i', 'DROP INDEX i'] });
  const { migrations, losses, findings, unfinished, finishing } = sum.sum();
  expect(migrations).toEqual([
    { name: '1', tenants: 1 },
    { name: '2', tenants: 2 },
  ]);
  expect(losses).toEqual([{ name: sql, tenants: 2 }]);
  expect(unfinished).toEqual([{ name: '2', tenants: 1 }]);
  expect(finishing).toEqual([{ name: 'DROP INDEX i', tenants: 1 }]);
  expect(findings).toMatchObject([{ found: 5, tenants: 2, words: 'a long name' }]);
});
