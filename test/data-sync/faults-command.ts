// `npm run data-faults`: at every request of the syncs of 50 seeds something happens; the target has to be as
// before, or equal. With --batch at every request of syncs in batches and with new ids: whole batches are in
// the target, and --resume finishes. Prints each kind of fault with its trials and what came of them.
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { batchFaults, strikeBatches } from './scenarios/batch-faults.ts';
import { type FaultCounts, faultLines, noCounts, strikeSeeds } from './scenarios/fault-campaign.ts';
import { strikeIds } from './scenarios/ids-faults.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    /** The first seed. */
    from: { type: 'string', default: '1' },
    majors: { type: 'string', default: '15,18' },
    /** From one request that is struck to the next. */
    step: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '4' },
    /** Syncs in batches and with new ids instead of those of seeds. */
    batch: { type: 'boolean', default: false },
  },
});
const servers = await Promise.all(values.majors.split(',').map((one) => startServer(whichServer(one))));
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
const [step, jobs] = [Number(values.step), Number(values.jobs)];

function tell(what: string, { trials, wrong }: FaultCounts): void {
  process.stderr.write(`${what}, ${trials} trials, ${wrong.length} wrong, ${seconds()} s\n`);
  for (const one of wrong.slice(-3)) process.stderr.write(`  ${one}\n`);
}

// Each kind of fault has databases of its own, so that some run at the same time.
async function strikeAll(): Promise<FaultCounts> {
  const counts = noCounts();
  const kinds = servers.flatMap((server) => [
    ...batchFaults.map((fault) => () => strikeBatches(server, fault, step, counts)),
    ...[undefined, 5].map((batch) => () => strikeIds(server, batch, step, counts)),
  ]);
  const count = kinds.length;
  const worker = async () => {
    for (let next = kinds.shift(); next !== undefined; next = kinds.shift()) {
      await next();
      tell(`${count - kinds.length} of ${count} kinds begun`, counts);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return counts;
}

const seeds = Array.from({ length: Number(values.seeds) }, (_, at) => Number(values.from) + at);
try {
  const counts = await (values.batch
    ? strikeAll()
    : strikeSeeds({ servers, seeds, step, jobs, onSeed: (all) => tell(`${all.seeds.size} seeds`, all) }));
  const { trials, wrong } = counts;
  const of = values.batch ? 'syncs in batches and with new ids' : `${counts.seeds.size} seeds`;
  const total = `${trials} trials at the requests of ${of} in ${seconds()} s, ${wrong.length} wrong`;
  process.stdout.write([...faultLines(counts), ...wrong, total, ''].join('\n'));
  process.exitCode = wrong.length > 0 || trials === 0 ? 1 : 0;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}
