// A load without a manifest in a narrow terminal: nothing of its plan is cut off.
import { expect, test } from 'vitest';
import type { ScriptPlan } from '../../lib/commands/restore-script.ts';
import { scriptPlanText } from '../../lib/report/restore-script.ts';

const plan: ScriptPlan = {
  target: { name: 'staging', address: 'postgres://app@db.example.com/staging', protected: false },
  script: {
    file: 'backups/shop_prod_2026-11-30.sql.gz',
    format: 'plain',
    bytes: 7,
    statements: 5,
    copies: 2,
  },
  append: false,
  destroyed: [{ name: 'public.users', rows: 2 }],
  backupFirst: true,
};

test('the plan of a script has lines of 80 columns', () => {
  const text = scriptPlanText(plan, { width: 80, colour: false, now: new Date(0) });
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text.replaceAll('\n  ', ' ')).toContain('in staging (postgres://app@db.example.com/staging)');
});
