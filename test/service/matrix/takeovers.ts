// Two services on one queue: the one that has a job dies for good, and the other one tells the end of it.
import { type CampaignPlan, type PlannedTrial, runTrials } from './campaign.ts';
import { digestOf, resetTarget } from './content.ts';
import { isOver, kinds, startKind, type TestedKind, writes } from './jobs.ts';
import { processesOf, type Stage } from './stage.ts';
import { bar, type TrialResult } from './trial.ts';

/** Lets each kind of job lose its service. */
export async function runTakeovers(plan: CampaignPlan): Promise<void> {
  const trials = kinds.map(
    (kind): PlannedTrial => ({
      row: 'postgres, service killed for good, another goes on',
      kind,
      run: ({ stage }) => takeOver(stage, kind),
    }),
  );
  await runTrials(plan, { queue: 'postgres', others: 1, workers: 0 }, trials);
}

async function takeOver(stage: Stage, kind: TestedKind): Promise<TrialResult> {
  const services = [stage.service, ...stage.others];
  await resetTarget(stage.target);
  const before = await digestOf(stage.target);
  const id = await startKind(stage, kind);
  const { doing } = await stage.service.until(id, ({ state }) => state === 'running');
  const owner = services.find((service) => processesOf(service).length > 0);
  const other = services.find((service) => service !== owner);
  if (owner === undefined || other === undefined) throw new Error('no service has the job');
  await owner.stop('SIGKILL');
  const start = performance.now();
  const end = () => performance.now() - start;
  // A job that only reads is repeated.
  await other.until(id, ({ state, tries }) => isOver({ state }) || tries === 2, bar);
  const truth = end();
  const job = await other.until(id, isOver, bar);
  const over = end();
  await owner.start();
  const wanted = writes(kind) ? { state: 'failed', tries: 1 } : { state: 'done', tries: 2 };
  const shown = JSON.stringify(job);
  if (job.state !== wanted.state || job.tries !== wanted.tries) throw new Error(`it ends as ${shown}`);
  if ((await digestOf(stage.target)) !== before) throw new Error(`its target has changed: ${shown}`);
  return { state: job.state, tries: job.tries, doing: doing ?? 'Starting', truth, over };
}
