// The schedules: what runs by itself, when it ran last, and when it runs next.
import type { Accepted, Schedule } from '../../lib/service/schemas.ts';
import { request } from '../client.ts';
import { useAction, useLoad } from '../load.ts';
import { NewSchedule } from '../new-schedule.tsx';
import { Command, Empty, Facts, Loading, Page, ProblemNotice, State } from '../pieces.tsx';
import { Link, openPage } from '../router.tsx';
import { describeTask, describeTimes } from '../schedule-words.ts';
import { useMay } from '../session.ts';
import { Ago, Time } from '../time.tsx';
import { stateWords } from '../words.ts';

/** The page `/schedules`. */
export function SchedulesPage() {
  const may = useMay();
  const { data, problem, reload } = useLoad<readonly Schedule[]>('/api/schedules');
  return (
    <Page title="Schedules" about="Jobs that the service starts by the clock.">
      {problem && <ProblemNotice problem={problem} />}
      {data === undefined && !problem && <Loading what="schedules" />}
      {data?.length === 0 && (
        <Empty title="No schedules yet">
          <p>
            Add one here, or as <code>serve.schedules</code> in the configuration.
          </p>
          <Command text="schedules: { nightly: { task: 'export', every: 'daily', database: 'prod' } }" />
        </Empty>
      )}
      {data !== undefined && data.length > 0 && (
        <ul class="list">
          {data.map((one) => (
            <Item key={one.name} schedule={one} changed={reload} />
          ))}
        </ul>
      )}
      {may('admin') && <NewSchedule added={reload} />}
    </Page>
  );
}

function Item({ schedule, changed }: { readonly schedule: Schedule; readonly changed: () => void }) {
  const { name, definition, source, next, last, lastSuccess, problem } = schedule;
  const { code, message, hint } = (problem ?? {}) as { code?: string; message?: string; hint?: string };
  return (
    <li class="stack">
      <div class="spread">
        <h2 class="name">{name}</h2>
        <Condition schedule={schedule} />
      </div>
      <p>
        {describeTask(definition)}. {describeTimes(definition)}.
      </p>
      <Facts
        flat
        facts={[
          ['Next', next && <Time time={next} />],
          ['Last', last && <LastRun last={last} />],
          ['Last success', lastSuccess && <Ago time={lastSuccess} />],
          ['Defined in', source === 'configuration' ? 'the configuration' : 'the service'],
        ]}
      />
      {message !== undefined && (
        <ProblemNotice problem={{ code: code ?? 'internal', message, hint: hint ?? '' }} />
      )}
      <Actions schedule={schedule} changed={changed} />
    </li>
  );
}

function Condition({ schedule: { paused, overdue } }: { readonly schedule: Schedule }) {
  if (paused) return <State tone="quiet" icon="stopped" text="Paused" />;
  if (overdue) return <State tone="bad" icon="warn" text="Overdue" />;
  return <State tone="good" icon="good" text="On time" />;
}

function LastRun({ last }: { readonly last: NonNullable<Schedule['last']> }) {
  const { slot, job, state } = last;
  const words = stateWords[state as keyof typeof stateWords];
  return (
    <>
      <Time time={slot} />{' '}
      {job !== null && <Link href={`/jobs/${job}`}>{words === undefined ? 'Job' : words.text}</Link>}
    </>
  );
}

function Actions({ schedule, changed }: { readonly schedule: Schedule; readonly changed: () => void }) {
  const { name, paused, source } = schedule;
  const path = `/api/schedules/${encodeURIComponent(name)}`;
  const act = useAction(async (word: string) => {
    if (word === 'Run now') return openPage(`/jobs/${(await request<Accepted>('POST', `${path}/run`)).id}`);
    if (word === 'Delete') await request('DELETE', path);
    else await request('POST', `${path}/${word.toLowerCase()}`);
    changed();
  });
  const may = useMay();
  if (!may('admin')) return null;
  const words = ['Run now', paused ? 'Resume' : 'Pause', ...(source === 'service' ? ['Delete'] : [])];
  return (
    <>
      <div class="row">
        {words.map((word) => (
          <button
            key={word}
            type="button"
            class={word === 'Delete' ? 'danger' : undefined}
            aria-label={`${word}: ${name}`}
            aria-disabled={act.isBusy}
            onClick={() => act.run(word)}
          >
            {word}
          </button>
        ))}
      </div>
      {act.problem && <ProblemNotice problem={act.problem} />}
    </>
  );
}
