// `npm run service-faults`: the kill matrix of the service. Something happens to the service, its workers,
// the process of a job, the queue, the source or the target, at several points of each kind of job and during
// its COMMIT; jobs are cancelled at several points; schedules go on. Prints the trials of each fault.
import { parseArgs } from 'node:util';
import { installedServers, whichServer } from '../../servers/binaries.ts';
import { findMissingRedis } from '../../servers/redis.ts';
import type { CampaignPlan } from './campaign.ts';
import { runCancels, runCommits, runMatrix } from './parts.ts';
import { runSchedules } from './schedules.ts';
import type { QueueName } from './stage.ts';
import { runTakeovers } from './takeovers.ts';
import { openTally } from './tally.ts';

const variables = process.env;
const { values } = parseArgs({
  options: {
    /** Points of each job. */
    phases: { type: 'string', default: variables.PGMAGE_PHASES ?? '3' },
    /** Stages of each queue at once. */
    scenes: { type: 'string', default: variables.PGMAGE_SCENES ?? '1' },
    /** After so many minutes, no trial begins. */
    minutes: { type: 'string', default: variables.PGMAGE_MINUTES ?? '1000' },
    queues: { type: 'string', default: 'embedded,postgres,redis' },
    parts: { type: 'string', default: 'cancels,commits,schedules,takeovers,matrix' },
    /** A regular expression: only rows that it matches. */
    only: { type: 'string', default: '' },
    /** A major version, or a folder of programs; left out: what is installed. */
    major: { type: 'string' },
  },
});

const began = Date.now();
const minutes = () => ((Date.now() - began) / 60_000).toFixed(1);
const tally = openTally();
const plan: CampaignPlan = {
  which: values.major === undefined ? (installedServers()[0] ?? 18) : whichServer(values.major),
  phases: Number(values.phases),
  scenes: Number(values.scenes),
  deadline: began + Number(values.minutes) * 60_000,
  tally,
  only: new RegExp(values.only),
  tell: (line) => void process.stderr.write(`${minutes()} min: ${line}\n`),
};

// Cancels are measured: nothing else runs meanwhile. The other parts wait more than they compute.
const parts: Readonly<Record<string, (queues: readonly QueueName[]) => Promise<void>>> = {
  async cancels(queues) {
    for (const queue of queues) await runCancels(plan, queue);
  },
  async commits(queues) {
    await Promise.all(queues.map((queue) => runCommits(plan, queue)));
  },
  async schedules(queues) {
    await Promise.all(queues.map((queue) => runSchedules(plan, queue)));
  },
  async takeovers(queues) {
    if (queues.includes('postgres')) await runTakeovers(plan);
  },
  async matrix(queues) {
    await Promise.all(queues.map((queue) => runMatrix(plan, queue)));
  },
};

// What ends a part is wrong, too; the others go on.
async function runPart(name: string): Promise<void> {
  plan.tell(name);
  try {
    await parts[name]?.(values.queues.split(',') as QueueName[]);
  } catch (thrown) {
    const wrong = (thrown as Error).stack ?? String(thrown);
    tally.add({ row: `the part ${name}`, kind: 'all', wrong });
    plan.tell(`WRONG ${name} ended: ${wrong}`);
  }
}

const print = () => process.stdout.write([...tally.lines(), `in ${minutes()} minutes`, ''].join('\n'));
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    print();
    process.exit(130);
  });
const missing = findMissingRedis();
if (missing !== null && values.queues.includes('redis')) throw new Error(missing);
for (const part of values.parts.split(',')) await runPart(part);
print();
process.exitCode = tally.wrong > 0 || tally.trials === 0 ? 1 : 0;
