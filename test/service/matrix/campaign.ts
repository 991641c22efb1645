// Runs planned trials on stages of their own, counts them, and begins a new stage after one that was wrong.
import type { CancelledKind } from './jobs.ts';
import { type OwnStage, type OwnStagePlan, openOwnStage } from './own-stage.ts';
import { auditJobs } from './stage.ts';
import type { Tally } from './tally.ts';
import type { TrialResult } from './trial.ts';

/** The choices of a campaign. */
export interface CampaignPlan {
  /** A major version, or a folder of programs. */
  readonly which: number | string;
  /** Points of each job. */
  readonly phases: number;
  /** Stages of each queue. */
  readonly scenes: number;
  /** The time after which no trial begins, in milliseconds since 1970. */
  readonly deadline: number;
  readonly tally: Tally;
  /** Rows with their kind that it does not match are left out. */
  readonly only: RegExp;
  tell(line: string): void;
}

/** A trial that is to be done. */
export interface PlannedTrial {
  /** Its place in the counts. */
  readonly row: string;
  readonly kind: CancelledKind;
  /** @throws Error with what was wrong */
  run(own: OwnStage): Promise<TrialResult>;
}

/** Takes trials from the list, and does them, until none is left. */
export async function runTrials(
  plan: CampaignPlan,
  stage: Omit<OwnStagePlan, 'which'>,
  trials: PlannedTrial[],
): Promise<void> {
  let own: OwnStage | null = null;
  const close = async () => {
    const closing = own;
    own = null;
    await closing?.close();
  };
  try {
    for (let next = trials.shift(); next !== undefined; next = trials.shift()) {
      if (!plan.only.test(`${next.row} ${next.kind}`)) continue;
      if (Date.now() > plan.deadline) break;
      own ??= await openOwnStage({ ...stage, which: plan.which });
      if (!(await runOne(plan, own, next))) await close();
    }
    if (own !== null) await audit(plan, own);
  } finally {
    await close();
  }
}

// False: it was wrong, and its stage is not to be trusted any more.
async function runOne({ tally, tell }: CampaignPlan, own: OwnStage, trial: PlannedTrial): Promise<boolean> {
  const { row, kind, run } = trial;
  try {
    tally.add({ row, kind, ...(await run(own)) });
    if (tally.trials % 20 === 0) tell(`${tally.trials} trials, ${tally.wrong} wrong`);
    return true;
  } catch (thrown) {
    const wrong = `${kind}, ${row}: ${(thrown as Error).message}`;
    tally.add({ row, kind, wrong });
    const { service, workers } = own.stage;
    const logs = [service, ...workers].map(({ output }) => output.slice(-3_000));
    tell(['', `WRONG ${wrong}`, ...logs, ''].join('\n'));
    return false;
  }
}

// No job of a stage may be lost, whatever happened to it.
async function audit({ tally, tell }: CampaignPlan, { stage }: OwnStage): Promise<void> {
  for (const wrong of await auditJobs(stage)) {
    tally.add({ row: `${stage.queue}, jobs at the end`, kind: 'all', wrong });
    tell(`WRONG ${wrong}`);
  }
}
