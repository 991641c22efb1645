// The schedules: what runs by itself, when it ran last, and when it runs next.
import { useState } from 'preact/hooks';
import type { Accepted, DatabaseInfo, Schedule } from '../../lib/service/schemas.ts';
import { request } from '../client.ts';
import { Icon } from '../icons.tsx';
import { useAction, useLoad } from '../load.ts';
import { Command, Empty, Facts, Loading, Page, ProblemNotice, Section, State } from '../pieces.tsx';
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
  const may = useMay();
  const path = `/api/schedules/${encodeURIComponent(name)}`;
  const run = useAction(async () => {
    const { id } = await request<Accepted>('POST', `${path}/run`);
    openPage(`/jobs/${id}`);
  });
  const turn = useAction(async () => {
    await request('POST', `${path}/${paused ? 'resume' : 'pause'}`);
    changed();
  });
  const remove = useAction(async () => {
    await request('DELETE', path);
    changed();
  });
  if (!may('admin')) return null;
  const problem = run.problem ?? turn.problem ?? remove.problem;
  const buttons = [
    ['Run now', run] as const,
    [paused ? 'Resume' : 'Pause', turn] as const,
    ...(source === 'service' ? [['Delete', remove] as const] : []),
  ];
  return (
    <>
      <div class="row">
        {buttons.map(([word, action]) => (
          <button
            key={word}
            type="button"
            class={word === 'Delete' ? 'danger' : undefined}
            aria-label={`${word}: ${name}`}
            aria-disabled={action.isBusy}
            onClick={() => action.run()}
          >
            {word}
          </button>
        ))}
      </div>
      {problem && <ProblemNotice problem={problem} />}
    </>
  );
}

const tasks = [
  ['export', 'Export a database'],
  ['verify', 'Verify the newest backup of a database'],
  ['drift', 'Check a database for drift'],
  ['prune', 'Delete old backups'],
] as const;

// Jobs that replace data are scheduled in the configuration, where they are reviewed.
function NewSchedule({ added }: { readonly added: () => void }) {
  const { data } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const [values, setValues] = useState({
    name: '',
    task: 'export',
    database: '',
    every: 'daily',
    timeZone: '',
  });
  const set = (event: Event) => {
    const { name, value } = event.target as HTMLInputElement | HTMLSelectElement;
    setValues((before) => ({ ...before, [name.replace('schedule-', '')]: value }));
  };
  const { name, task, database, every, timeZone } = values;
  const add = useAction(async () => {
    await request('PUT', `/api/schedules/${encodeURIComponent(name)}`, {
      task,
      every,
      ...(timeZone !== '' && { timeZone }),
      ...(task !== 'prune' && { database }),
    });
    setValues((before) => ({ ...before, name: '' }));
    added();
  });
  const databases = data?.filter(({ address }) => address !== null) ?? [];
  return (
    <Section id="new-schedule" title="Add a schedule">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add.run();
        }}
      >
        <Input
          name="name"
          label="Name"
          value={name}
          set={set}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*"
          required
        />
        <Select name="task" label="Job" value={task} set={set} options={tasks} />
        {task !== 'prune' && (
          <Select
            name="database"
            label="Database"
            value={database}
            set={set}
            options={[['', 'Choose a database'], ...databases.map((one) => [one.name, one.name] as const)]}
            required
          />
        )}
        <Input
          name="every"
          label="When"
          value={every}
          set={set}
          help="hourly, daily (02:00), weekly (Sunday 02:00), or cron: minute hour day month weekday"
          required
        />
        <Input
          name="timeZone"
          label="Time zone"
          value={timeZone}
          set={set}
          help="Europe/Berlin; empty: UTC"
        />
        {add.problem && <ProblemNotice problem={add.problem} />}
        <div class="row">
          <button type="submit" class="main" aria-disabled={add.isBusy}>
            <Icon name="add" />
            Add the schedule
          </button>
        </div>
        <p class="small quiet">Schedule jobs that replace data in the configuration.</p>
      </form>
    </Section>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly set: (event: Event) => void;
  readonly required?: boolean;
}

function Input(props: FieldProps & { readonly help?: string; readonly pattern?: string }) {
  const { name, label, value, set, required, help, pattern } = props;
  const id = `schedule-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={id}
        value={value}
        required={required}
        pattern={pattern}
        autocomplete="off"
        spellcheck={false}
        aria-describedby={help && `${id}-help`}
        onInput={set}
      />
      {help && (
        <p class="small quiet" id={`${id}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

function Select(props: FieldProps & { readonly options: readonly (readonly [string, string])[] }) {
  const { name, label, value, set, required, options } = props;
  const id = `schedule-${name}`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} name={id} value={value} required={required} onChange={set}>
        {options.map(([one, text]) => (
          <option key={one} value={one}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}
