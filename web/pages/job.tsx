// The page of one job: its progress, log, result or problem, and what can be done with it.
import { useEffect, useState } from 'preact/hooks';
import type {
  Accepted,
  ServiceJob as Job,
  JobProgress,
  LineEvent,
  ProgressEvent,
  StateEvent,
} from '../../lib/service/schemas.ts';
import { request } from '../client.ts';
import { useEvents } from '../events.ts';
import { CancelButton, JobState } from '../job-list.tsx';
import { useAction, useLoad } from '../load.ts';
import { Command, Facts, Loading, Page, ProblemNotice, Section, StreamLost } from '../pieces.tsx';
import { Progress } from '../progress.tsx';
import { addressOf } from '../request-form.ts';
import { Result } from '../result.tsx';
import { Link, openPage } from '../router.tsx';
import { useMay } from '../session.ts';
import { formatClock, Time } from '../time.tsx';
import { commandOf, formatDuration, isOpen, kindScopes, titleOf } from '../words.ts';

type Line = Pick<LineEvent, 'at' | 'text'>;

/** The page `/jobs/:id`. */
export function JobPage({ id }: { readonly id: string }) {
  const { data: job, problem, reload } = useLoad<Job>(`/api/jobs/${id}`);
  const live = useLiveJob(job, reload);
  if (job === undefined)
    return (
      <Page title="Job">{problem ? <ProblemNotice problem={problem} /> : <Loading what="the job" />}</Page>
    );
  return (
    <Page
      title={titleOf(job)}
      about={
        <>
          Requested by {job.requestedBy} at <Time time={job.createdAt} />
        </>
      }
      actions={
        <>
          <RetryButton job={job} />
          <CancelButton job={job} changed={reload} />
        </>
      }
    >
      {live.stream === 'lost' && isOpen(job) && <StreamLost />}
      <div class="card" aria-live="polite">
        <JobState job={job} />
        <JobProgressOrEnd job={job} progress={live.progress} doing={live.lines.at(-1)?.text} />
      </div>
      {job.problem && job.state !== 'done' && <ProblemNotice problem={job.problem} />}
      <Result job={job} />
      <Details job={job} />
      <Steps lines={live.lines} job={job} />
      <Section id="command" title="As a command">
        <Command text={commandOf(job)} label="Copy as command" />
      </Section>
    </Page>
  );
}

// The stream begins with the first event, so a reload shows what came before it. A job that is over has its
// log alone: its events are kept for less time.
function useLiveJob(job: Job | undefined, reload: () => void) {
  const [lines, setLines] = useState<readonly Line[]>([]);
  const [progress, setProgress] = useState<JobProgress>();
  const isLive = job !== undefined && isOpen(job);
  const stream = useEvents(isLive ? `/api/jobs/${job.id}/events?after=0` : null, ({ type, data }) => {
    if (type === 'line') setLines((before) => [...before, data as LineEvent]);
    else if (type === 'progress') setProgress(data as ProgressEvent);
    else if (type === 'gap') reload();
    else {
      const { state } = data as StateEvent;
      if (state !== job?.state) reload();
      return !isOpen({ state });
    }
    return false;
  });
  const log = useLoad<readonly (LineEvent & { readonly type: string })[]>(
    job && !isOpen(job) ? `/api/jobs/${job.id}/log` : null,
  );
  const id = job?.id;
  useEffect(() => {
    setLines([]);
    setProgress(undefined);
  }, [id]);
  return { stream, progress, lines: log.data?.filter(({ type }) => type === 'line') ?? lines };
}

function JobProgressOrEnd(props: {
  readonly job: Job;
  readonly progress: JobProgress | undefined;
  readonly doing: string | undefined;
}) {
  const { job, progress, doing } = props;
  if (job.state === 'running' || job.state === 'cancelling')
    return <Progress progress={progress ?? job.progress} doing={doing ?? job.doing} />;
  return <p>{sentenceOf(job)}</p>;
}

function sentenceOf({ state, to, target, cancelTooLate, startAfter }: Job): string {
  const unchanged = to !== null && target === 'unchanged' ? ` ${to} is unchanged.` : '';
  switch (state) {
    case 'waiting':
      return startAfter === null
        ? 'The job waits until a worker is free.'
        : 'An earlier try failed. The job waits for the next one.';
    case 'done':
      return cancelTooLate ? 'The cancel came too late: the work was already committed.' : 'The job is done.';
    case 'cancelled':
      return `The job was cancelled.${unchanged}`;
    case 'failed':
      return `The job failed.${unchanged}${target === 'unknown' ? ` Check the state of ${to}.` : ''}`;
    default:
      return 'The process of this job has ended. The service finds out what it did.';
  }
}

const targetWords = {
  unchanged: 'unchanged',
  changed: 'changed: the job was committed',
  unknown: 'unknown: compare it before you start the job again',
} as const;

function Details({ job }: { readonly job: Job }) {
  const { startedAt, endedAt, tries, retryOf, from, to, id, target, requestedBy } = job;
  const took = startedAt && endedAt ? formatDuration(Date.parse(endedAt) - Date.parse(startedAt)) : null;
  return (
    <Section id="details" title="Details">
      <Facts
        facts={[
          ['Reads', from],
          ['Writes to', to],
          ['Target', to !== null && !isOpen(job) && target !== null && targetWords[target]],
          ['Requested by', requestedBy],
          ['Started', startedAt && <Time time={startedAt} />],
          ['Ended', endedAt && <Time time={endedAt} />],
          ['Took', took],
          ['Tries', tries > 1 ? tries : null],
          ['Retry of', retryOf && <Link href={`/jobs/${retryOf}`}>{retryOf}</Link>],
          ['Id', <code key="id">{id}</code>],
        ]}
      />
    </Section>
  );
}

// A step lasts until the next one begins, the last one until the job ends.
function Steps({ lines, job }: { readonly lines: readonly Line[]; readonly job: Job }) {
  const { endedAt } = job;
  const isLive = isOpen(job);
  const lasted = (index: number): string => {
    const [from, to] = [lines[index]?.at, lines[index + 1]?.at ?? endedAt];
    if (from === undefined || to === null || to === undefined) return isLive ? 'now' : '';
    return formatDuration(Math.max(0, Date.parse(to) - Date.parse(from)));
  };
  return (
    <Section id="log" title="Steps">
      {lines.length === 0 ? (
        <p class="quiet">{isLive ? 'No step has begun.' : 'The log is empty. It is kept for 7 days.'}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls needs the keyboard.
        <ol class="log" tabIndex={0} aria-labelledby="log">
          {lines.map(({ at, text }, index) => (
            <li key={index}>
              <time dateTime={at}>{formatClock(at)}</time>
              <span>{text}</span>
              <span class="quiet">{lasted(index)}</span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}

function RetryButton({ job }: { readonly job: Job }) {
  const may = useMay();
  const retry = useAction(async () => {
    const { id } = await request<Accepted>('POST', `/api/jobs/${job.id}/retry`, {});
    openPage(`/jobs/${id}`);
  });
  if (isOpen(job) || job.state === 'done' || !may(kindScopes[job.kind])) return null;
  // A job that replaces data needs a new plan: the target may have changed.
  if (kindScopes[job.kind] === 'write')
    return (
      <Link class="button main" href={addressOf(job)}>
        Retry
      </Link>
    );
  return (
    <>
      <button type="button" class="main" aria-disabled={retry.isBusy} onClick={retry.run}>
        {retry.isBusy ? 'Starting…' : 'Retry'}
      </button>
      {retry.problem && <ProblemNotice problem={retry.problem} />}
    </>
  );
}
