// `npm run data-seeds`: databases drawn from seeds, compared by data:diff and by an oracle, between pairs of
// versions; with --sync made equal by data:sync, and taken back by data:undo.
import { parseArgs } from 'node:util';
import { whichServer } from '../servers/binaries.ts';
import { startServer } from '../servers/server.ts';
import { findDiffFaults, type Staged, withScenarios } from './scenarios/campaign.ts';
import { findSyncFaults } from './scenarios/syncing.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '2000' },
    /** The first seed. */
    from: { type: 'string', default: '1' },
    majors: { type: 'string', default: '15,16,17,18' },
    /** Make the databases equal and back, too. */
    sync: { type: 'boolean', default: false },
  },
});
const servers = await Promise.all(values.majors.split(',').map((one) => startServer(whichServer(one))));
const [count, first, batch] = [Number(values.seeds), Number(values.from), 20];
const faults: string[] = [];
const check = async (staged: Staged) => [
  ...(await findDiffFaults(staged)),
  ...(values.sync ? await findSyncFaults(staged, { undo: true }) : []),
];
const began = Date.now();
// The pairs of versions go on where earlier seeds end.
for (let done = 0, at = Math.floor((first - 1) / batch); done < count; done += batch, at++) {
  const from = servers[at % servers.length];
  const to = servers[Math.floor(at / servers.length) % servers.length];
  if (from === undefined || to === undefined) break;
  const seeds = Array.from({ length: Math.min(batch, count - done) }, (_, place) => first + done + place);
  const found = await withScenarios(from, to, seeds, check);
  faults.push(...found.map((one) => `${from.major} → ${to.major}: ${one}`));
  process.stderr.write(`${done + seeds.length} of ${count}, ${faults.length} faults\n`);
}
await Promise.all(servers.map((server) => server.stop()));
process.stdout.write(
  [
    ...faults,
    `${count} seeds in ${((Date.now() - began) / 1000).toFixed(0)} s, ${faults.length} faults\n`,
  ].join('\n'),
);
process.exitCode = faults.length > 0 ? 1 : 0;
