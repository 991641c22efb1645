// `npm run random`: pairs of schemas drawn from a grammar, proven both ways with rows in their tables.
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { type Bench, benchOn, type Pair, type Proof, prove } from '../proof/proof.ts';
import { type Outcome, passed, summarize } from '../proof/summary.ts';
import { startServer } from '../servers/server.ts';
import { type Schema, schemas } from './grammar.ts';
import type { Both } from './pairs.ts';
import { render, roles, seed } from './rendering.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    major: { type: 'string', default: '18' },
    jobs: { type: 'string', default: '2' },
    /** Makes the first failing pair of each reason as small as it gets in a minute. */
    shrink: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const draw = { seed: Number(values.seed), numRuns: Number(values.runs) };
process.stdout.write(`--seed ${draw.seed} --runs ${draw.numRuns} --major ${values.major}\n`);
const server = await startServer(Number(values.major));
const bench = await benchOn(server);

const outcomes: Outcome[] = [];
const queue = fc.sample(schemas, draw).entries();
await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(queue)));
outcomes.sort((a, b) => Number(a.name) - Number(b.name));
process.stdout.write(`${summarize(outcomes, values.verbose)}\n`);
if (values.shrink) for (const { name, proof } of firstOfEach(outcomes)) await shrink(name, reasonOf(proof));
await server.stop();
process.exitCode = outcomes.every(passed) ? 0 : 1;

async function work(queue: Iterable<[number, Both<Schema>]>): Promise<void> {
  for (const [index, schemas] of queue) {
    outcomes.push({ name: String(index), proof: await proveWithRows(bench, schemas) });
    if (process.stderr.isTTY) process.stderr.write(`\r${outcomes.length} of ${draw.numRuns}`);
  }
}

/** With a row in each table; where a plan says that it may fail because of them, and does, without. */
async function proveWithRows(bench: Bench, schemas: Both<Schema>): Promise<Proof> {
  const pair = pairOf(schemas);
  const proof = await prove(bench, { ...pair, seed: seed(schemas[0]) });
  const honest = [proof.up, proof.down].some(
    ({ failure, steps }) =>
      failure?.reason === 'apply error' &&
      steps.some(({ hazards }) => hazards.includes('may_fail_on_existing_rows')),
  );
  return honest ? prove(bench, pair) : proof;
}

function pairOf([old, wanted]: Both<Schema>): Pair {
  const text = { cluster: '', setup: '', seed: '', seedNew: '' };
  return { ...text, name: 'random', roles, old: render(old), new: render(wanted) };
}

function firstOfEach(all: readonly Outcome[]): Outcome[] {
  const found = new Map<string, Outcome>();
  for (const outcome of all) {
    const reason = reasonOf(outcome.proof);
    if (reason !== '' && !found.has(reason)) found.set(reason, outcome);
  }
  return [...found.values()];
}

// Names and numbers left out, so that the same mistake in two places counts as one.
function reasonOf({ up, down }: Proof): string {
  const failure = up.failure ?? down.failure;
  const first =
    failure?.detail
      .split('\n')[0]
      ?.replace(/\b(t\d\w*|v\d\w*|\d+|[abcg]|"Odd ""name"|Odd "name|low|rest|app|public)\b/g, '_') ?? '';
  return failure === null ? '' : `${failure.reason}: ${first}`;
}

async function shrink(index: string, reason: string): Promise<void> {
  const property = fc.asyncProperty(
    schemas,
    async (both) => reasonOf(await proveWithRows(bench, both)) !== reason,
  );
  const limits = { interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false };
  const result = await fc.check(property, { ...draw, path: index, numRuns: Number(index) + 1, ...limits });
  const smallest = result.counterexample?.[0];
  if (smallest === undefined) return;
  const [old, wanted] = smallest;
  const proof = await proveWithRows(bench, smallest);
  const steps = [...proof.up.steps, ...proof.down.steps].map(({ sql }) => `  ${sql};`).join('\n');
  process.stdout.write(`\n${index} ${reason}\n${differing(render(old), render(wanted))}\n${steps}\n`);
}

// The lines of both states, those of one only marked.
function differing(old: string, wanted: string): string {
  const [a, b] = [old.split('\n'), wanted.split('\n')];
  return [
    ...a.map((line) => `${b.includes(line) ? ' ' : '-'} ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
