// Whatever happens in the middle of a sync in batches: whole batches are in the target, the record has their
// rows, --resume makes both sides equal, and data:undo takes all of it back.
import { expect, test } from 'vitest';
import { anyServer } from '../servers/running.ts';
import { step, thorough } from '../thorough.ts';
import { batchFaults, nameFault, strikeBatches } from './scenarios/batch-faults.ts';
import { faultLines } from './scenarios/fault-campaign.ts';

const chosen = batchFaults.filter(
  ({ side, moment }) => thorough || (side === 'target' && moment === 'after'),
);

test.each(chosen.map((fault) => ({ ...fault, title: nameFault(fault) })))(
  '$title',
  {
    timeout: 3_600_000,
  },
  async (fault) => {
    const counts = await strikeBatches(anyServer(), fault, step(fault.again ? 97 : 61));
    process.stdout.write(`${faultLines(counts).join('\n')}\n`);
    expect(counts.wrong).toEqual([]);
    // Some trials are struck between the first and the last batch.
    expect(faultLines(counts).join()).toMatch(fault.again ? /done by two runs/ : /some batches/);
  },
);
