// The form that adds a schedule.
import { useState } from 'preact/hooks';
import type { DatabaseInfo } from '../lib/service/schemas.ts';
import { request } from './client.ts';
import { Icon } from './icons.tsx';
import { useAction, useLoad } from './load.ts';
import { Notice, ProblemNotice, Section } from './pieces.tsx';
import { describeTimes } from './schedule-words.ts';

const tasks = [
  ['export', 'Export a database'],
  ['verify', 'Verify the newest backup of a database'],
  ['drift', 'Check a database for drift'],
  ['prune', 'Delete old backups'],
  ['data', 'Sync the rows of two databases'],
  ['clone', 'Clone a database into another one'],
] as const;
const whenHelp = 'hourly, daily (02:00), weekly (Sunday 02:00), or cron: minute hour day month weekday';
const kept = { keepDaily: '7', keepWeekly: '4', keepMonthly: '6' };
const first = {
  ...{ name: '', task: 'export', database: '', every: 'daily', timeZone: '' },
  ...{ from: '', to: '', confirm: '', force: '', complete: '', ...kept },
};

/** The values of the form, all as text. */
type Values = typeof first;

/** The form. */
export function NewSchedule({ added }: { readonly added: () => void }) {
  const [values, setValues] = useState(first);
  const { data } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const add = useAction(async () => {
    await request('PUT', `/api/schedules/${encodeURIComponent(values.name)}`, definitionOf(values));
    setValues(first);
    added();
  });
  const set = (event: Event) => {
    const { name, value, type, checked } = event.target as HTMLInputElement;
    const text = type === 'checkbox' ? (checked ? 'yes' : '') : value;
    setValues((before) => ({ ...before, [name.replace('schedule-', '')]: text }));
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
        <Fields values={values} set={set} databases={data ?? []} />
        {isWriting(values) && <Protection values={values} set={set} databases={data ?? []} />}
        {add.problem && <ProblemNotice problem={add.problem} />}
        <div class="row">
          <button type="submit" class="main" aria-disabled={add.isBusy}>
            <Icon name="add" />
            Add the schedule
          </button>
        </div>
      </form>
    </Section>
  );
}

const isWriting = ({ task }: Values) => task === 'data' || task === 'clone';

function definitionOf(values: Values): object {
  const { task, database, every, timeZone, from, to, confirm, force, complete } = values;
  const timing = { task, every, ...(timeZone !== '' && { timeZone }) };
  if (task === 'prune')
    return {
      ...timing,
      ...Object.fromEntries(Object.keys(kept).map((name) => [name, Number(values[name as keyof Values])])),
    };
  if (!isWriting(values)) return { ...timing, database };
  const agreed = { ...(force === 'yes' && { force: true }), ...(confirm !== '' && { confirm }) };
  const isWhole = task === 'data' && complete === 'yes';
  return { ...timing, from, to, ...(isWhole && { complete: true }), ...agreed };
}

interface PartProps {
  readonly values: Values;
  readonly set: (event: Event) => void;
  readonly databases: readonly DatabaseInfo[];
}

function Fields({ values, set, databases }: PartProps) {
  const named = databases.filter(({ address }) => address !== null);
  const choose = (what: string, of: readonly DatabaseInfo[]) => [
    ['', `Choose a ${what}`] as const,
    ...of.map(({ name }) => [name, name] as const),
  ];
  const { name, task, database, every, timeZone, from, to } = values;
  const targets = named.filter(({ canBeTarget }) => canBeTarget);
  const one = { set, required: true };
  return (
    <>
      <Input {...one} name="name" label="Name" value={name} pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*" />
      <Select {...one} name="task" label="Job" value={task} options={tasks} />
      {task === 'prune' && <KeptFields values={values} set={set} />}
      {task !== 'prune' && !isWriting(values) && (
        <Select
          {...one}
          name="database"
          label="Database"
          value={database}
          options={choose('database', named)}
        />
      )}
      {isWriting(values) && (
        <>
          <Select {...one} name="from" label="Source" value={from} options={choose('source', named)} />
          <Select {...one} name="to" label="Target" value={to} options={choose('target', targets)} />
        </>
      )}
      <Input {...one} name="every" label="When" value={every} help={whenHelp} />
      <p class="small quiet" role="status">
        {describeTimes({ every, ...(timeZone !== '' && { timeZone }) })}
      </p>
      <Input name="timeZone" label="Time zone" value={timeZone} set={set} help="Europe/Berlin; empty: UTC" />
    </>
  );
}

function KeptFields({ values, set }: Pick<PartProps, 'values' | 'set'>) {
  const labels = { keepDaily: 'Days kept', keepWeekly: 'Weeks kept', keepMonthly: 'Months kept' } as const;
  return Object.entries(labels).map(([name, label]) => (
    <Input
      key={name}
      name={name}
      label={label}
      value={values[name as keyof typeof labels]}
      set={set}
      pattern="\d{1,4}"
      required
    />
  ));
}

// No plan is shown before a job of a schedule, so what it may do is agreed to here.
function Protection({ values, set, databases }: PartProps) {
  const { task, to, confirm, force, complete } = values;
  const target = databases.find(({ name }) => name === to);
  const loss =
    task === 'clone'
      ? 'Replace the rows of the target, also where it has some'
      : 'Delete rows of the target, also more than 10 % of a table';
  return (
    <>
      <label class="check">
        <input type="checkbox" name="schedule-force" checked={force === 'yes'} onChange={set} />
        <span>{loss}</span>
      </label>
      {task === 'data' && (
        <label class="check">
          <input type="checkbox" name="schedule-complete" checked={complete === 'yes'} onChange={set} />
          <span>Compare all rows in each run, also of tables with since</span>
        </label>
      )}
      {target?.protected && (
        <Notice tone="bad">
          <p class="what row">
            <Icon name="shield" />
            {to} is protected, and each run writes to it.
          </p>
          <Input name="confirm" label={`Type ${to} to confirm`} value={confirm} set={set} required />
        </Notice>
      )}
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
