// The page that starts a job: its kind, its choices, its plan, and the confirmation of a protected target.

import { useState } from 'preact/hooks';
import type { Accepted, DatabaseInfo, Plan } from '../../lib/service/schemas.ts';
import { Choices } from '../choices.tsx';
import { request } from '../client.ts';
import { isConfigured, NoDatabases } from '../first-steps.tsx';
import { useAction, useLoad } from '../load.ts';
import { Command, Loading, Notice, Page, ProblemNotice } from '../pieces.tsx';
import { PlanPanel } from '../plan.tsx';
import { kindIn, type NewKind, type NewRequest, requestIn } from '../request-form.ts';
import { keepInAddress, openPage, usePlace } from '../router.tsx';
import { useMay } from '../session.ts';
import { commandOf, kindScopes } from '../words.ts';

/** The page `/new`. */
export function NewPage() {
  const { data: databases, problem } = useLoad<readonly DatabaseInfo[]>('/api/databases');
  const { query } = usePlace();
  const kind = kindIn(query);
  const may = useMay();
  const usable = databases?.filter(isConfigured);
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
              onChange={() => keepInAddress({ kind: value, retryOf: '' })}
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

type Confirmed = Partial<Record<'planId' | 'confirm', string>>;

async function startJob({ kind, body, retryOf }: NewRequest, confirmed: Confirmed): Promise<void> {
  const { id } =
    retryOf === null
      ? await request<Accepted>('POST', `/api/sync/${kind}`, { ...body, ...confirmed })
      : await request<Accepted>('POST', `/api/jobs/${retryOf}/retry`, confirmed);
  openPage(`/jobs/${id}`);
}

function JobForm({ kind, databases }: FormProps) {
  const { query } = usePlace();
  const asked = requestIn(query);
  const text = JSON.stringify(asked);
  const [plan, setPlan] = useState<{ readonly of: string; readonly plan: Plan }>();
  const start = useAction(async (confirmed: Confirmed) => {
    if (asked !== null) await startJob(asked, confirmed);
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
