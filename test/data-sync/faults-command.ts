// `npm run data-faults`: at every request of the syncs of 50 seeds something happens; the target has to be as
// before, or equal. Prints each kind of fault with its trials and what came of them.
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { faultLines, strikeSeeds } from './scenarios/fault-campaign.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '50' },
    /** The first seed. */
    from: { type: 'string', default: '1' },
    majors: { type: 'string', default: '15,18' },
    /** From one request that is struck to the next. */
    step: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '4' },
  },
});
const servers = await Promise.all(values.majors.split(',').map((one) => startServer(whichServer(one))));
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(0);
try {
  const counts = await strikeSeeds({
    servers,
    seeds: Array.from({ length: Number(values.seeds) }, (_, at) => Number(values.from) + at),
    step: Number(values.step),
    jobs: Number(values.jobs),
    onSeed: ({ seeds, trials, wrong }) => {
      process.stderr.write(`${seeds.size} seeds, ${trials} trials, ${wrong.length} wrong, ${seconds()} s\n`);
      process.stderr.write(
        wrong
          .slice(-3)
          .map((one) => `  ${one}\n`)
          .join(''),
      );
    },
  });
  const { trials, seeds, wrong } = counts;
  const total = `${trials} trials at the requests of ${seeds.size} seeds in ${seconds()} s, ${wrong.length} wrong`;
  process.stdout.write([...faultLines(counts), ...wrong, total, ''].join('\n'));
  process.exitCode = wrong.length > 0 || trials === 0 ? 1 : 0;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}
