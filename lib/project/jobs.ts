// The number of sessions for one work.
import { availableParallelism } from 'node:os';
import { Problem } from '../problem/problem.ts';

// More are of no use where the servers are the bottleneck.
const [usual, most] = [4, 64];

/**
 * The number that was asked for; default: as many as there are processors, at most four.
 * @throws Problem `bad_option`
 */
export function resolveJobs(jobs: number | undefined): number {
  if (jobs === undefined) return Math.min(usual, availableParallelism());
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > most)
    throw new Problem('bad_option', { option: '--jobs', reason: `it is a whole number from 1 to ${most}` });
  return jobs;
}
