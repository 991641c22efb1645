// Random pairs of schemas: the same at each run, so that who changes something else is not stopped by a pair
// that nobody has met yet. `PGMAGE_RANDOM_SEED` draws others, `PGMAGE_RANDOM_RUNS` more (CI: 500); `npm run
// random` draws anew each time.
import { expect, test } from 'vitest';
import { benchOn } from '../proof/proof.ts';
import { passed, summarize } from '../proof/summary.ts';
import { anyServer } from '../servers/running.ts';
import { prosecute } from './campaign.ts';

const { PGMAGE_RANDOM_SEED, PGMAGE_RANDOM_RUNS } = process.env;
const seed = Number(PGMAGE_RANDOM_SEED ?? 1);
const runs = Number(PGMAGE_RANDOM_RUNS ?? 40);

test(`${runs} random pairs converge both ways and keep their rows: --seed ${seed}`, async () => {
  const server = anyServer();
  process.stdout.write(`npm run random -- --seed ${seed} --runs ${runs} --major ${server.major}\n`);
  const campaign = { seed, runs, from: 0, jobs: 2, observed: 10, apart: 50 };
  const { outcomes, observed, apart, rowless } = await prosecute(await benchOn(server), campaign);
  process.stdout.write(
    `judged by the observer: ${observed}; in databases of their own: ${apart}; without rows in the` +
      ` end: ${rowless}\n`,
  );
  const failed = outcomes.filter((outcome) => !passed(outcome));
  expect(failed.length === 0 ? '' : summarize(failed, true), `--seed ${seed}`).toBe('');
}, 900_000);
