// Something happens at requests of the syncs of generated databases: the target is as before, or equal.
import { expect, test } from 'vitest';
import { newest, oldest } from '../copy/ways.ts';
import { step } from '../thorough.ts';
import { faultLines, strikeSeeds } from './scenarios/fault-campaign.ts';

test('faults at requests of generated seeds', { timeout: 1_800_000 }, async () => {
  const seeds = [6, 9];
  const counts = await strikeSeeds({ servers: [oldest, newest], seeds, step: step(11, 13), jobs: 4 });
  process.stdout.write(`${faultLines(counts).join('\n')}\n`);
  expect(counts.wrong).toEqual([]);
  expect(counts.trials).toBeGreaterThan(10);
});
