// The page that starts a job: its kind, its choices, its plan, and the confirmation of a protected target.

import { useEffect, useState } from 'preact/hooks';
import type { Accepted, BackupList, DatabaseInfo, Plan } from '../../lib/service/schemas.ts';
import { request } from '../client.ts';
import { CheckField, SelectField, TextField } from '../fields.tsx';
import { NoDatabases } from '../first-steps.tsx';
import { useAction, useLoad } from '../load.ts';
import { Command, Loading, Notice, Page, ProblemNotice } from '../pieces.tsx';
import { PlanPanel } from '../plan.tsx';
import { kindIn, type NewKind, type NewRequest, requestIn } from '../request-form.ts';
import { keepInAddress, openPage, usePlace } from '../router.tsx';
import { useMay } from '../session.ts';
import { formatTime } from '../time.tsx';
import { commandOf, kindScopes } from '../words.ts';

/** The page `/new`. */
export function NewPage() {
  const { data: databases, problem } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const { query } = usePlace();
  const kind = kindIn(query);
  const may = useMay();
  const usable = databases?.filter(({ address }) => address !== null);
  return (
    <Page
      title="New job"
      about="A job that replaces data shows its plan first. Nothing starts before you confirm it."
    >
      {problem && <ProblemNotice problem={problem} />}
      {usable === undefined && !problem && <Loading what="databases" />}
      {usable?.length === 0 && <NoDatabases />}
      {usable !== undefined && usable.length > 0 && (
        <>
          <KindChoice kind={kind} />
          {may(kindScopes[kind]) ? (
            <JobForm key={kind} kind={kind} databases={usable} />
          ) : (
            <Notice tone="warn">
              <p class="what">Your key does not have the scope `{kindScopes[kind]}`.</p>
              <p>Log in with a key that has it. This command adds one:</p>
              <Command text={`npx pgmage serve:key add NAME --scope read,${kindScopes[kind]}`} />
            </Notice>
          )}
        </>
      )}
    </Page>
  );
}

const choices: readonly (readonly [NewKind, string, string])[] = [
  ['export', 'Export', 'Write a verified backup of a database to a file.'],
  ['import', 'Import', 'Replace the content of a database by a backup.'],
  ['clone', 'Clone', 'Replace the content of a database by a copy of another one.'],
  ['data', 'Data sync', 'Make the rows of two databases equal. The schema stays.'],
];

function KindChoice({ kind }: { readonly kind: NewKind }) {
  return (
    <fieldset>
      <legend>Kind</legend>
      <div class="choices">
        {choices.map(([value, title, text]) => (
          <label key={value} class="choice">
            <input
              type="radio"
              name="kind"
              value={value}
              checked={kind === value}
              onChange={() => keepInAddress({ kind: value })}
            />
            <b>{title}</b>
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface FormProps {
  readonly kind: NewKind;
  readonly databases: readonly DatabaseInfo[];
}

function JobForm({ kind, databases }: FormProps) {
  const { query } = usePlace();
  const asked = requestIn(query);
  const text = JSON.stringify(asked);
  const [plan, setPlan] = useState<{ readonly of: string; readonly plan: Plan }>();
  const start = useAction(async (confirmed: Partial<Record<'planId' | 'confirm', string>>) => {
    if (asked === null) return;
    const { id } = await request<Accepted>('POST', `/api/sync/${kind}`, { ...asked.body, ...confirmed });
    openPage(`/jobs/${id}`);
  });
  const makePlan = useAction(async () => {
    if (asked === null) return;
    const made = await request<Plan>('POST', '/api/plans', { kind, ...asked.body });
    setPlan({ of: text, plan: made });
  });
  const submit = (event: Event) => {
    event.preventDefault();
    if (kind === 'export') start.run({});
    else makePlan.run();
  };
  const problem = start.problem ?? makePlan.problem;
  // A plan belongs to the choices that it was made for.
  const shown = plan?.of === text ? plan.plan : undefined;
  return (
    <>
      <form class="card" onSubmit={submit}>
        <Choices kind={kind} databases={databases} />
        <FormFoot
          kind={kind}
          asked={asked}
          isBusy={start.isBusy || makePlan.isBusy}
          hasPlan={shown !== undefined}
        />
      </form>
      {problem && <ProblemNotice problem={problem} />}
      {shown && <PlanPanel plan={shown} isBusy={start.isBusy} start={start.run} again={makePlan.run} />}
      {asked && <Command text={commandOf({ kind, parameters: asked.body })} label="Copy as command" />}
    </>
  );
}

function FormFoot(props: {
  readonly kind: NewKind;
  readonly asked: NewRequest | null;
  readonly isBusy: boolean;
  readonly hasPlan: boolean;
}) {
  const { kind, asked, isBusy, hasPlan } = props;
  const words = kind === 'export' ? ['Start the export', 'Starting…'] : ['Show the plan', 'Making the plan…'];
  return (
    <div class="row">
      <button
        type="submit"
        class={hasPlan ? '' : 'main'}
        aria-disabled={isBusy || asked === null}
        aria-describedby="missing"
      >
        {words[isBusy ? 1 : 0]}
      </button>
      <p id="missing" class="small quiet" role="status">
        {isBusy && kind !== 'export' ? 'pgmage compares both databases. This can take minutes.' : ''}
        {!isBusy && asked === null ? missingOf(kind) : ''}
      </p>
    </div>
  );
}

function missingOf(kind: NewKind): string {
  if (kind === 'export') return 'Choose a database.';
  return kind === 'import' ? 'Choose a file and a target.' : 'Choose two different databases.';
}

function Choices({ kind, databases }: FormProps) {
  const { query } = usePlace();
  const value = (name: string) => query.get(name) ?? '';
  const all = databases.map(({ name, address }) => ({ value: name, text: `${name} (${address})` }));
  const targets = databases.map(({ name, address, canBeTarget }) => ({
    value: name,
    text: canBeTarget ? `${name} (${address})` : `${name} (protected: no job writes to it)`,
    isOff: !canBeTarget,
  }));
  // A database that is the only one is chosen.
  const only = databases.length === 1 ? databases[0]?.name : undefined;
  const chosen = value('database');
  useEffect(() => {
    if (kind === 'export' && only !== undefined && chosen === '') keepInAddress({ database: only });
  }, [kind, only, chosen]);
  const target = (label: string, help: string) => (
    <SelectField
      name="to"
      label={label}
      value={value('to')}
      options={targets}
      empty="Choose a target"
      help={help}
      required
    />
  );
  const source = (
    <SelectField
      name="from"
      label="Source"
      value={value('from')}
      options={all}
      empty="Choose a source"
      help="It is only read."
      required
    />
  );
  switch (kind) {
    case 'export':
      return <ExportChoices value={value} databases={all} />;
    case 'import':
      return (
        <>
          <FileChoice value={value('file')} />
          {target('Target', 'Its content is replaced, completely or not at all.')}
          <Flag name="noOwner">Leave owners and privileges to the role of the target</Flag>
          <BackupFirst />
        </>
      );
    case 'clone':
      return (
        <>
          {source}
          {target('Target', 'Its content is replaced, completely or not at all.')}
          <Tables value={value('tables')} />
          <Flag name="dataOnly">Copy rows only: both databases have the same schema</Flag>
          <Flag name="swap">Fill a new database and exchange it for the target</Flag>
          <Flag name="noOwner">Leave owners and privileges to the role of the target</Flag>
          <BackupFirst />
        </>
      );
    default:
      return (
        <>
          {source}
          {target('Target', 'Its rows become equal to those of the source.')}
          <Tables value={value('tables')} />
          <Flag name="keepDeleted">Keep rows that only the target has</Flag>
          <BackupFirst />
        </>
      );
  }
}

function ExportChoices(props: {
  readonly value: (name: string) => string;
  readonly databases: readonly { readonly value: string; readonly text: string }[];
}) {
  const { value, databases } = props;
  return (
    <>
      <SelectField
        name="database"
        label="Database"
        value={value('database')}
        options={databases}
        empty="Choose a database"
        required
      />
      <SelectField
        name="format"
        label="Format"
        value={value('format')}
        options={[
          { value: 'plain', text: 'plain: SQL for psql' },
          { value: 'custom', text: 'custom: for pg_restore' },
          { value: 'native', text: "native: pgmage's own" },
        ]}
        empty="Automatic"
        help="pgmage restores each of them."
      />
      <Flag name="keep">Keep it: pruning never deletes this backup</Flag>
    </>
  );
}

function FileChoice({ value }: { readonly value: string }) {
  const { data, problem } = useLoad<BackupList>('/api/backups');
  if (problem) return <ProblemNotice problem={problem} />;
  if (data === undefined) return <Loading what="backups" />;
  const options = data.backups.toReversed().map(({ file, environment, started, faults }) => ({
    value: file,
    text: `${file}${environment ? `, of ${environment}` : ''}${started ? `, ${formatTime(started)}` : ''}`,
    isOff: faults.length > 0,
  }));
  const help = options.length === 0 ? 'There is no backup yet. Start an export first.' : undefined;
  return (
    <SelectField
      name="file"
      label="Backup"
      value={value}
      options={options}
      empty="Choose a backup"
      help={help}
      required
    />
  );
}

function Tables({ value }: { readonly value: string }) {
  return (
    <TextField
      name="tables"
      label="Tables (optional)"
      value={value}
      placeholder="users, shop.*"
      help="Separate names by commas. * matches any characters. Empty: all tables."
    />
  );
}

function Flag({ name, children }: { readonly name: string; readonly children: string }) {
  const { query } = usePlace();
  return (
    <CheckField name={name} isOn={query.get(name) === 'yes'} usual={false} other="yes">
      {children}
    </CheckField>
  );
}

// Only an administrator may leave the backup out.
function BackupFirst() {
  const may = useMay();
  const { query } = usePlace();
  if (!may('admin'))
    return (
      <p class="small quiet">If the target has rows, pgmage backs it up first and verifies the backup.</p>
    );
  return (
    <CheckField name="backupFirst" isOn={query.get('backupFirst') !== 'no'} usual={true} other="no">
      Back the target up first, if it has rows
    </CheckField>
  );
}
