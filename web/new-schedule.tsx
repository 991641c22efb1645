// The form that adds a schedule.
import { useState } from 'preact/hooks';
import type { DatabaseInfo } from '../lib/service/schemas.ts';
import { request } from './client.ts';
import { Icon } from './icons.tsx';
import { useAction, useLoad } from './load.ts';
import { ProblemNotice, Section } from './pieces.tsx';

const tasks = [
  ['export', 'Export a database'],
  ['verify', 'Verify the newest backup of a database'],
  ['drift', 'Check a database for drift'],
  ['prune', 'Delete old backups'],
] as const;
const whenHelp = 'hourly, daily (02:00), weekly (Sunday 02:00), or cron: minute hour day month weekday';
const first = { name: '', task: 'export', database: '', every: 'daily', timeZone: '' };

/** The form. Jobs that replace data are scheduled in the configuration, where they are reviewed. */
export function NewSchedule({ added }: { readonly added: () => void }) {
  const [values, setValues] = useState(first);
  const add = useAction(async () => {
    await request('PUT', `/api/schedules/${encodeURIComponent(values.name)}`, definitionOf(values));
    setValues(first);
    added();
  });
  const set = (event: Event) => {
    const { name, value } = event.target as HTMLInputElement | HTMLSelectElement;
    setValues((before) => ({ ...before, [name.replace('schedule-', '')]: value }));
  };
  return (
    <Section id="new-schedule" title="Add a schedule">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          void add.run();
        }}
      >
        <Fields values={values} set={set} />
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

function definitionOf({ task, database, every, timeZone }: typeof first): object {
  return {
    task,
    every,
    ...(timeZone !== '' && { timeZone }),
    ...(task !== 'prune' && { database }),
  };
}

function Fields({ values, set }: { readonly values: typeof first; readonly set: (event: Event) => void }) {
  const { data } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const names = (data ?? []).filter(({ address }) => address !== null).map(({ name }) => name);
  const databases = [['', 'Choose a database'] as const, ...names.map((name) => [name, name] as const)];
  const { name, task, database, every, timeZone } = values;
  return (
    <>
      <Input name="name" label="Name" value={name} set={set} pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*" required />
      <Select name="task" label="Job" value={task} set={set} options={tasks} />
      {task !== 'prune' && (
        <Select name="database" label="Database" value={database} set={set} options={databases} required />
      )}
      <Input name="every" label="When" value={every} set={set} help={whenHelp} required />
      <Input name="timeZone" label="Time zone" value={timeZone} set={set} help="Europe/Berlin; empty: UTC" />
    </>
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
