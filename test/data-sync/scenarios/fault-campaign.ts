// Faults at the requests of the syncs of many seeds: each request meets one kind, and the kinds go round.
import type { Server } from '../../servers/server.ts';
import { faults, strikeAt, type TrialEnd } from './faults.ts';
import { stageSeed } from './stage.ts';

/** What is struck. */
export interface FaultCampaign {
  readonly servers: readonly Server[];
  readonly seeds: readonly number[];
  /** From one request that is struck to the next. */
  readonly step: number;
  /** How many trials run at the same time: most of some is waiting. */
  readonly jobs: number;
  onSeed?(counts: FaultCounts): void;
}

/** Trials by what was done and what came of it. */
export interface FaultCounts {
  trials: number;
  readonly seeds: Set<number>;
  readonly came: Map<string, Map<string, number>>;
  readonly wrong: string[];
}

/** Counts before the first trial. */
export const noCounts = (): FaultCounts => ({ trials: 0, seeds: new Set(), came: new Map(), wrong: [] });

/** Runs a campaign. */
export async function strikeSeeds(campaign: FaultCampaign): Promise<FaultCounts> {
  const counts = noCounts();
  for (const seed of campaign.seeds) {
    await strikeSeed(campaign, seed, counts);
    counts.seeds.add(seed);
    campaign.onSeed?.(counts);
  }
  return counts;
}

async function strikeSeed(
  { servers, step, jobs }: FaultCampaign,
  seed: number,
  counts: FaultCounts,
): Promise<void> {
  const stage = await stageSeed(servers[seed % servers.length] as Server, seed);
  try {
    for (const side of ['source', 'target'] as const) {
      const kinds = faults.filter((fault) => fault.side === side);
      let [next, isOver] = [0, false];
      const worker = async () => {
        while (!isOver) {
          const turn = next++;
          const at = turn * step + (seed % step);
          const fault = kinds[(turn + seed * 5) % kinds.length];
          const end = fault === undefined ? null : await strikeAt(stage, fault, at);
          if (end === null) isOver = true;
          else countTrial(counts, end);
        }
      };
      await Promise.all(Array.from({ length: jobs }, worker));
    }
  } finally {
    await stage.drop();
  }
}

/** Counts a trial. */
export function countTrial(counts: FaultCounts, { what, came, wrong }: TrialEnd): void {
  counts.trials++;
  const all = counts.came.get(what) ?? new Map<string, number>();
  counts.came.set(what, all.set(came, (all.get(came) ?? 0) + 1));
  counts.wrong.push(...wrong);
}

/** A line for each kind of fault: how many trials, and what came of them. */
export const faultLines = ({ came }: FaultCounts): string[] =>
  [...came].sort().map(([what, ends]) => {
    const trials = [...ends.values()].reduce((sum, one) => sum + one, 0);
    return `${trials} trials: ${what}: ${[...ends].map(([end, times]) => `${end} ${times}`).join('; ')}`;
  });
