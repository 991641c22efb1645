// The list of jobs, kept up to date by the event stream.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ServiceJob as Job, JobProgress, Jobs, ProgressEvent } from '../lib/service/schemas.ts';
import type { ShownProblem } from './client.ts';
import { type StreamState, useEvents } from './events.ts';
import { useLoad } from './load.ts';
import { isOpen } from './words.ts';

/** Jobs, live. */
export interface LiveJobs {
  /** Undefined while they load. */
  readonly jobs: readonly Job[] | undefined;
  readonly next: string | null;
  readonly problem: ShownProblem | undefined;
  /** The newest progress of each job that runs. */
  readonly progress: ReadonlyMap<string, JobProgress>;
  readonly stream: StreamState;
}

// Milliseconds between an event and the request for the list: several jobs may change at once.
const pause = 150;
const openStates = ['running', 'cancelling', 'waiting'] as const;

/**
 * Loads a page of jobs, with all that are not over, which may be older.
 * @param query of `GET /api/jobs`
 */
export function useLiveJobs(query: string): LiveJobs {
  const page = useLoad<Jobs>(`/api/jobs?${query}`);
  const running = useLoad<Jobs>(`/api/jobs?state=${openStates[0]}`);
  const cancelling = useLoad<Jobs>(`/api/jobs?state=${openStates[1]}`);
  const waiting = useLoad<Jobs>(`/api/jobs?state=${openStates[2]}`);
  const [progress, setProgress] = useState<ReadonlyMap<string, JobProgress>>(new Map());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const all = [page, running, cancelling, waiting];
  const reload = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      for (const one of all) one.reload();
    }, pause);
  };
  const stream = useEvents('/api/events', ({ type, data }) => {
    if (type === 'progress') {
      const { job, ...rest } = data as ProgressEvent;
      setProgress((before) => new Map(before).set(job, rest));
    } else if (type !== 'line') reload();
    return false;
  });
  // Changes from before the stream was open are in no event.
  useEffect(() => {
    if (stream === 'open') reload();
  }, [stream]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const open = [running, cancelling, waiting].flatMap(({ data }) => data?.jobs ?? []).filter(isOpen);
  const seen = new Map([...open, ...(page.data?.jobs ?? [])].map((job) => [job.id, job]));
  return {
    jobs: page.data && [...seen.values()].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)),
    next: page.data?.next ?? null,
    problem: page.problem,
    progress,
    stream,
  };
}
