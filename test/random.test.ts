// Random pairs of schemas, others at each run. `PGMAGE_RANDOM_SEED` repeats a run, `PGMAGE_RANDOM_RUNS` makes it longer.
import { expect, test } from 'vitest';
import { benchOn } from './proof/proof.ts';
import { passed, summarize } from './proof/summary.ts';
import { prosecute } from './random/campaign.ts';
import { anyServer } from './servers/running.ts';

const { PGMAGE_RANDOM_SEED, PGMAGE_RANDOM_RUNS } = process.env;
const seed = Number(PGMAGE_RANDOM_SEED ?? Date.now() % 2 ** 31);
const runs = Number(PGMAGE_RANDOM_RUNS ?? 500);

test(`${runs} random pairs converge both ways and keep their rows: --seed ${seed}`, async () => {
  const server = anyServer();
  process.stdout.write(`npm run random -- --seed ${seed} --runs ${runs} --major ${server.major}\n`);
  const campaign = { seed, runs, from: 0, jobs: 2, observed: 10, apart: 50 };
  const { outcomes, observed, apart, rowless } = await prosecute(await benchOn(server), campaign);
  process.stdout.write(
    `judged by the observer: ${observed}; in databases of their own: ${apart}; without rows in the end: ${rowless}\n`,
  );
  const failed = outcomes.filter((outcome) => !passed(outcome));
  expect(failed.length === 0 ? '' : summarize(failed, true), `--seed ${seed}`).toBe('');
}, 900_000);
