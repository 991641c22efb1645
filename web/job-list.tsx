// Jobs as lists: those that run with their bars, the others as one line each.
import type { ServiceJob as Job, JobProgress } from '../lib/service/schemas.ts';
import { request } from './client.ts';
import { useAction } from './load.ts';
import { ProblemNotice, State } from './pieces.tsx';
import { Progress } from './progress.tsx';
import { Link } from './router.tsx';
import { useMay } from './session.ts';
import { Ago } from './time.tsx';
import { formatDuration, isOpen, resultOf, stateWords, titleOf } from './words.ts';

/** The state of a job as mark and word. */
export function JobState({ job }: { readonly job: Job }) {
  return <State {...stateWords[job.state]} />;
}

/** A job that runs. */
export function RunningJob(props: { readonly job: Job; readonly progress: JobProgress | undefined }) {
  const { job } = props;
  return (
    <li class="card">
      <div class="spread">
        <div class="row">
          <JobState job={job} />
          <h3>
            <Link href={`/jobs/${job.id}`}>{titleOf(job)}</Link>
          </h3>
        </div>
        <CancelButton job={job} />
      </div>
      <Progress progress={props.progress ?? job.progress} doing={job.doing} />
    </li>
  );
}

/** A job as one line of a list. */
export function JobEntry({ job }: { readonly job: Job }) {
  const { createdAt, startedAt, endedAt, state, problem } = job;
  const took =
    startedAt !== null && endedAt !== null ? Date.parse(endedAt) - Date.parse(startedAt) : undefined;
  const note = state === 'failed' && problem !== null ? problem.message.split('\n')[0] : resultOf(job);
  return (
    <li class="entry">
      <JobState job={job} />
      <div class="what">
        <Link href={`/jobs/${job.id}`}>{titleOf(job)}</Link>
        {note && <p class="small quiet">{note}</p>}
      </div>
      <div class="when small quiet">
        <Ago time={endedAt ?? createdAt} />
        {took !== undefined && <p>took {formatDuration(took)}</p>}
      </div>
    </li>
  );
}

/** Cancels a job that is not over. Not shown where the key may not. */
export function CancelButton({ job, changed }: { readonly job: Job; readonly changed?: () => void }) {
  const may = useMay();
  const cancel = useAction(async () => {
    await request('POST', `/api/jobs/${job.id}/cancel`);
    changed?.();
  });
  if (!isOpen(job) || !may('run')) return null;
  const isAsked = cancel.isBusy || job.state === 'cancelling';
  return (
    <>
      <button
        type="button"
        class="danger"
        aria-disabled={isAsked}
        aria-label={`Cancel ${titleOf(job)}`}
        onClick={() => !isAsked && cancel.run()}
      >
        {isAsked ? 'Cancelling…' : 'Cancel'}
      </button>
      {cancel.problem && <ProblemNotice problem={cancel.problem} />}
    </>
  );
}
