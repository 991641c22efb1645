// The parts of the campaign: faults at several points of each job, faults during COMMIT, and cancels.
import { createHash } from 'node:crypto';
import { withHangingCommit } from '../hanging-commit.ts';
import { type CampaignPlan, type PlannedTrial, runTrials } from './campaign.ts';
import { cancelAt } from './cancel.ts';
import { type Fault, faults, silentTarget } from './faults.ts';
import { kinds, otherKinds, uses } from './jobs.ts';
import type { QueueName } from './stage.ts';
import { attempt } from './trial.ts';

// The name of a fault in the counts.
const rowOf = ({ queue, subject, name }: Fault) => `${queue}, ${subject} ${name}`;
const order = ({ row, kind }: PlannedTrial) => createHash('sha256').update(`${row} ${kind}`).digest('hex');
// The middle first: most of a job's work is there.
const pointsOf = ({ phases }: CampaignPlan) =>
  Array.from({ length: phases }, (_, at) => (at + 0.5) / phases).sort(
    (a, b) => Math.abs(a - 0.6) - Math.abs(b - 0.6),
  );

/** Every kind of job and every fault at several points of the job. */
export async function runMatrix(plan: CampaignPlan, queue: QueueName): Promise<void> {
  const all = (point: number, some: readonly Fault[]): PlannedTrial[] =>
    some
      .filter((fault) => fault.queue === queue)
      .flatMap((fault) =>
        kinds
          .filter((kind) => uses(kind, fault.subject))
          .map(
            (kind): PlannedTrial => ({
              row: rowOf(fault),
              kind,
              run: async ({ stage, usual }) =>
                attempt(stage, { kind, fault, delay: point * (await usual(kind)) }),
            }),
          ),
      )
      // An order that is as good as random: a campaign that ends early has something of everything.
      .sort((a, b) => (order(a) < order(b) ? -1 : 1));
  const trials = [...pointsOf(plan).flatMap((point) => all(point, faults)), ...all(0.6, [silentTarget])];
  await Promise.all(Array.from({ length: plan.scenes }, () => runTrials(plan, { queue }, trials)));
}

/** Faults while the server of the target works on COMMIT: it has committed, and has not answered. */
export async function runCommits(plan: CampaignPlan, queue: QueueName): Promise<void> {
  const chosen = faults.filter(
    ({ queue: of, subject, lasts }) => of === queue && subject !== 'source' && lasts <= 20_000,
  );
  await withHangingCommit(plan.which, async (hang) => {
    const trials = (['import', 'restore', 'clone', 'data'] as const).flatMap((kind) =>
      chosen.map(
        (fault): PlannedTrial => ({
          row: `${rowOf(fault)} in COMMIT`,
          kind,
          run: ({ stage }) => attempt(stage, { kind, fault, delay: 0, hang }),
        }),
      ),
    );
    const target = { server: hang.server, database: hang.target };
    await runTrials(plan, { queue, target }, trials);
  });
}

/** A cancel of each kind of job at several points, one after the other. */
export async function runCancels(plan: CampaignPlan, queue: QueueName): Promise<void> {
  const trials = [...kinds, ...otherKinds].flatMap((kind) =>
    pointsOf(plan).map(
      (point): PlannedTrial => ({
        row: `${queue}, cancel of ${kind}`,
        kind,
        run: async ({ stage, usual }) => cancelAt(stage, kind, point * (await usual(kind))),
      }),
    ),
  );
  await runTrials(plan, { queue }, trials);
}
