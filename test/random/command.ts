// `npm run random`: pairs of schemas drawn from a grammar, proven both ways with rows in their tables.
import { parseArgs } from 'node:util';
import { benchOn } from '../proof/proof.ts';
import { type Outcome, passed, summarize } from '../proof/summary.ts';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { prosecute } from './campaign.ts';
import { shrink } from './shrinking.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    /** The number of the first pair: with `--runs 1`, to repeat one alone. */
    from: { type: 'string', default: '0' },
    major: { type: 'string', default: '18' },
    jobs: { type: 'string', default: '2' },
    /** Every so many pairs are judged by the observer too. */
    observed: { type: 'string', default: '10' },
    /** Every so many pairs have databases of their own. */
    apart: { type: 'string', default: '50' },
    /** Makes the first failing pair of each reason as small as it gets in a minute. */
    shrink: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const numbers = (['seed', 'runs', 'from', 'jobs', 'observed', 'apart'] as const).map(
  (name) => [name, Number(values[name])] as const,
);
const campaign = Object.fromEntries(numbers) as Record<(typeof numbers)[number][0], number>;
process.stdout.write(`--seed ${campaign.seed} --runs ${campaign.runs} --major ${values.major}\n`);
const server = await startServer(whichServer(values.major));
const bench = await benchOn(server);

const began = Date.now();
let done = 0;
const { outcomes, ...counts } = await prosecute(bench, campaign, note);
process.stdout.write(`${summarize(outcomes, values.verbose)}\n`);
process.stdout.write(
  `judged by the observer: ${counts.observed}; in databases of their own: ${counts.apart}; without` +
    ` rows in the end: ${counts.rowless}\n`,
);
process.stdout.write(`${((Date.now() - began) / 1000).toFixed(0)} s\n`);
if (values.shrink) process.stdout.write(await shrink(bench, campaign, outcomes));
await server.stop();
process.exitCode = outcomes.every(passed) ? 0 : 1;

// Failures are told at once, because a long campaign may be ended before its end.
function note(outcome: Outcome): void {
  done++;
  if (!passed(outcome)) process.stdout.write(`${summarize([outcome], false).split('\n\n')[0]}\n`);
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${campaign.runs}`);
  else if (done % 1000 === 0) process.stdout.write(`${done} of ${campaign.runs}\n`);
}
