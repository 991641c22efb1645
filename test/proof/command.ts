// `npm run cases -- DIR`: proves a folder of pairs in both directions on a real server.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../servers/server.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import { pairsIn } from './pairs.ts';
import { benchOn, type Pair, prove } from './proof.ts';
import { type Outcome, passed, summarize } from './summary.ts';

const usage = `npm run cases -- DIR [--major 15] [--filter TEXT] [--jobs 2] [--json FILE] [--verbose]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    major: { type: 'string', default: '18' },
    filter: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const [directory] = positionals;
if (directory === undefined) {
  process.stderr.write(usage);
  process.exit(64);
}

const server = await startServer(Number(values.major));
const pairs = pairsIn(directory).filter(
  ({ name }) => name.includes(values.filter) && meant(expectationOf(join(directory, name))),
);
const bench = await benchOn(server);
process.stderr.write(
  bench.pgDump === null
    ? `PostgreSQL ${server.major}: no pg_dump of this version here, so that judge is left out\n`
    : `PostgreSQL ${server.major}: judged by its own pg_dump too\n`,
);

const outcomes: Outcome[] = [];
const queue = pairs.values();
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(queue)));
outcomes.sort((a, b) => (a.name < b.name ? -1 : 1));
await server.stop();
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(outcomes, null, 1));
if (values.verbose) for (const outcome of outcomes) process.stdout.write(plans(outcome));
process.stdout.write(`${summarize(outcomes, values.verbose)}\n`);
process.exitCode = outcomes.every(passed) ? 0 : 1;

// A case may be about versions that know its feature.
function meant({ majors }: Expectation): boolean {
  return majors === null || majors.includes(server.major);
}

async function work(queue: Iterator<Pair> & Iterable<Pair>): Promise<void> {
  for (const pair of queue) {
    outcomes.push({ name: pair.name, proof: await prove(bench, pair) });
    if (process.stderr.isTTY) process.stderr.write(`\r${outcomes.length} of ${pairs.length}`);
  }
}

function plans({ name, proof }: Outcome): string {
  const list = (direction: 'up' | 'down') =>
    proof[direction].steps
      .map(({ segment, sql, hazards }) => `  ${segment} ${sql}; ${hazards.join(' ')}\n`)
      .join('');
  return `${name}\n up\n${list('up')} down\n${list('down')}`;
}
