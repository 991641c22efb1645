// The first page: the jobs that run, wait and are over.
import type { DatabaseInfo, ServiceJob as Job, JobKind, JobState } from '../../lib/service/schemas.ts';
import { FirstSteps } from '../first-steps.tsx';
import { Icon } from '../icons.tsx';
import { JobEntry, RunningJob } from '../job-list.tsx';
import { type LiveJobs, useLiveJobs } from '../live-jobs.ts';
import { useLoad } from '../load.ts';
import { Empty, Loading, Page, ProblemNotice, Section, StreamLost } from '../pieces.tsx';
import { keepInAddress, Link, usePlace } from '../router.tsx';
import { kindWords, stateWords } from '../words.ts';

const filters = ['state', 'kind', 'database'] as const;

/** The page `/`. */
export function JobsPage() {
  const { query } = usePlace();
  const given = new URLSearchParams(
    [...filters, 'before'].flatMap((name) => {
      const value = query.get(name);
      return value ? [[name, value] as [string, string]] : [];
    }),
  );
  const isFiltered = given.size > 0;
  const live = useLiveJobs(`limit=50${isFiltered ? `&${given}` : ''}`);
  return (
    <Page
      title="Jobs"
      about="Exports, imports, clones, data syncs and checks."
      actions={
        <Link class="button main" href="/new">
          <Icon name="add" />
          New job
        </Link>
      }
    >
      {live.stream === 'lost' && <StreamLost />}
      {live.problem && <ProblemNotice problem={live.problem} />}
      <JobLists live={live} isFiltered={isFiltered} />
    </Page>
  );
}

function JobLists({ live, isFiltered }: { readonly live: LiveJobs; readonly isFiltered: boolean }) {
  const { jobs, progress, next } = live;
  if (jobs === undefined) return live.problem ? null : <Loading what="jobs" />;
  if (jobs.length === 0 && !isFiltered) return <FirstSteps />;
  const of = (...states: readonly JobState[]) => jobs.filter(({ state }) => states.includes(state));
  const running = isFiltered ? [] : of('running', 'cancelling', 'lost');
  // The queue takes the oldest first.
  const waiting = isFiltered ? [] : of('waiting').reverse();
  const rest = isFiltered ? matching(jobs) : of('done', 'failed', 'cancelled');
  return (
    <>
      {running.length > 0 && (
        <Section id="running" title="Running">
          <ul class="stack">
            {running.map((job) => (
              <RunningJob key={job.id} job={job} progress={progress.get(job.id)} />
            ))}
          </ul>
        </Section>
      )}
      {waiting.length > 0 && (
        <Section id="waiting" title="Waiting">
          <JobRows jobs={waiting} />
        </Section>
      )}
      <Section id="history" title={isFiltered ? 'Found' : 'History'}>
        <Filter />
        {rest.length > 0 ? <JobRows jobs={rest} /> : <NoneFound isFiltered={isFiltered} />}
        {next !== null && (
          <div>
            <Link class="button" href={pageAfter(next)}>
              Older jobs
            </Link>
          </div>
        )}
      </Section>
    </>
  );
}

// Those that are not over are added to each page of jobs, also where they do not match.
function matching(jobs: readonly Job[]): Job[] {
  const query = new URLSearchParams(location.search);
  const [state, kind, database] = filters.map((name) => query.get(name));
  return jobs.filter(
    (job) =>
      (!state || job.state === state) &&
      (!kind || job.kind === kind) &&
      (!database || job.from === database || job.to === database),
  );
}

function pageAfter(next: string): string {
  const query = new URLSearchParams(location.search);
  query.set('before', next);
  return `/?${query}`;
}

function JobRows({ jobs }: { readonly jobs: readonly Job[] }) {
  return (
    <ul class="list">
      {jobs.map((job) => (
        <JobEntry key={job.id} job={job} />
      ))}
    </ul>
  );
}

function NoneFound({ isFiltered }: { readonly isFiltered: boolean }) {
  return isFiltered ? (
    <Empty title="No job matches">
      <p>
        <Link href="/">Show all jobs</Link>
      </p>
    </Empty>
  ) : (
    <p class="quiet">No job is over yet.</p>
  );
}

function Filter() {
  const { query } = usePlace();
  const choose = (name: string) => (event: Event) =>
    keepInAddress({ [name]: (event.target as HTMLSelectElement).value, before: '' });
  const states = Object.entries(stateWords) as [JobState, { text: string }][];
  const kinds = Object.entries(kindWords) as [JobKind, string][];
  return (
    <div class="filter">
      <label>
        State
        <select value={query.get('state') ?? ''} onChange={choose('state')}>
          <option value="">All</option>
          {states.map(([state, { text }]) => (
            <option key={state} value={state}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        Kind
        <select value={query.get('kind') ?? ''} onChange={choose('kind')}>
          <option value="">All</option>
          {kinds.map(([kind, text]) => (
            <option key={kind} value={kind}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <DatabaseFilter chosen={query.get('database') ?? ''} choose={choose('database')} />
    </div>
  );
}

function DatabaseFilter(props: { readonly chosen: string; readonly choose: (event: Event) => void }) {
  const { data } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  return (
    <label>
      Database
      <select value={props.chosen} onChange={props.choose}>
        <option value="">All</option>
        {data?.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
