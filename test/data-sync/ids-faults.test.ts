// Whatever happens in the middle of a sync with new ids: each row has its mapping, each mapping its row.
import { expect, test } from 'vitest';
import { anyServer } from '../servers/running.ts';
import { step } from '../thorough.ts';
import { faultLines } from './scenarios/fault-campaign.ts';
import { strikeIds } from './scenarios/ids-faults.ts';

test.each([
  ['one transaction', undefined],
  ['batches of 5', 5],
])('the session is terminated at requests of the target, %s', { timeout: 1_800_000 }, async (_, batch) => {
  const counts = await strikeIds(anyServer(), batch, step(53));
  process.stdout.write(`${faultLines(counts).join('\n')}\n`);
  expect(counts.wrong).toEqual([]);
  expect(counts.trials).toBeGreaterThan(0);
});
