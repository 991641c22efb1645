// `db:rollback` as text.
import { expect, test } from 'vitest';
import type { RollbackReport } from '../../lib/commands/rollback.ts';
import { rollbackText } from '../../lib/report/migrations.ts';

test('the counts of sample rows are not shown as those of the database', () => {
  const one = (name: string, down: RollbackReport['undone'][number]['down']) => ({
    name,
    file: `migrations/${name}.sql`,
    text: '',
    draft: false,
    down,
    transaction: 'both' as const,
    cautions: [],
  });
  const report: RollbackReport = {
    target: { name: 'local', address: 'embedded', protected: false },
    undone: [one('2_b', { is: 'lossy', what: 'a.x: 5 of 5 values lost' }), one('1_a', { is: 'exact' })],
    cautions: [],
    findings: [],
    policy: [],
    done: true,
  };
  expect(rollbackText(report)).toBe(
    'Undone 2_b. Not restored (of sample rows): a.x: 5 of 5 values lost\nUndone 1_a',
  );
});
