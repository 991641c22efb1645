// Databases drawn from seeds: data:sync makes them equal and touches neither a row that was nor the schema,
// and data:undo brings the old rows back.
import { expect, test } from 'vitest';
import { newest, oldest } from '../copy/ways.ts';
import { isFull, servers } from '../servers/running.ts';
import { withScenarios } from './scenarios/campaign.ts';
import { findSyncFaults } from './scenarios/syncing.ts';

// Each batch goes between another pair of versions.
const all = servers();
const batches = Array.from({ length: 10 }, (_, at) => ({
  first: at * 20 + 1,
  from: at % 2 === 0 ? oldest : (all[at % all.length] ?? newest),
  to: at % 3 === 0 ? newest : (all[(at + 1) % all.length] ?? oldest),
}));

test.each(batches)('seeds $first to 19 later, $from.major → $to.major', async ({ first, from, to }) => {
  const seeds = Array.from({ length: 20 }, (_, at) => first + at);
  const undo = isFull || first % 40 === 1;
  expect(await withScenarios(from, to, seeds, (staged) => findSyncFaults(staged, { undo }))).toEqual([]);
});
