// What rules say of locks is what the manual's table of conflicts says.
import { expect, test } from 'vitest';
import type { PolicyConfig } from '../../lib/config/policy.ts';
import { lintFiles } from '../../lib/lint/lint.ts';
import { type LintFinding, weighFindings } from '../../lib/lint/verdict.ts';

async function find(text: string, policy: PolicyConfig = {}): Promise<LintFinding[]> {
  const files = [{ file: 'a.sql', text, is: 'migration' as const, transactional: false }];
  const found = await lintFiles(files, policy);
  return weighFindings(found, { policy, files, sizes: new Map(), isWhole: true });
}

test.each([
  ['row exclusive', undefined, undefined],
  ['share update exclusive', undefined, undefined],
  ['share', ['blocks_writes'], 'Writes to the table wait'],
  ['share row exclusive', ['blocks_writes'], 'Writes to the table wait'],
  ['exclusive', ['blocks_writes'], 'Writes to the table and SELECT FOR UPDATE wait'],
  ['access exclusive', ['blocks_writes', 'blocks_reads'], 'Reads and writes of the table wait'],
])('LOCK in %s mode says which sessions wait', async (mode, hazards, words) => {
  const [found] = await find(`lock table t in ${mode} mode;`);
  expect(found?.hazards).toEqual(hazards);
  expect(found?.message.slice(0, words?.length)).toBe(words);
});

test('a foreign key blocks writes alone, and a CHECK reads too', async () => {
  const hazardsOf = async (sql: string) => (await find(sql)).map(({ hazards }) => hazards);
  expect(await hazardsOf('alter table t add constraint c foreign key (a) references u;')).toEqual([
    ['blocks_writes', 'may_fail_on_existing_rows'],
  ]);
  expect(await hazardsOf('alter table t add constraint c check (a > 0);')).toEqual([
    ['blocks_reads', 'blocks_writes', 'may_fail_on_existing_rows'],
  ]);
  expect(await hazardsOf('create index i on t (a);')).toEqual([['blocks_writes']]);
  expect(await hazardsOf('drop index i;')).toEqual([['blocks_writes', 'blocks_reads']]);
});

test('the words on DROP CONSTRAINT fit one without an index', async () => {
  const found = await find('alter table t drop constraint c;', { rules: { drop_index: 'warn' } });
  expect(found.map(({ message }) => message)).toEqual([
    'New rows may break the rule of the constraint; the index of a key or an exclusion goes with it',
  ]);
});
