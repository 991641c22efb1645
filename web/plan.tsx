// The plan of a job that replaces data: checks, the rows that are lost, and the confirmation.
import { useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../lib/problem/amount.ts';
import type { Plan } from '../lib/service/schemas.ts';
import type { IconName, Tone } from './drawings.ts';
import { Icon } from './icons.tsx';
import { Facts, Notice, State } from './pieces.tsx';
import { useNow } from './time.tsx';
import { formatDuration, formatNumber, kindWords } from './words.ts';

/** The plan and its actions. */
interface PlanPanelProps {
  readonly plan: Plan;
  readonly isBusy: boolean;
  readonly start: (confirmed: { planId: string; confirm?: string }) => void;
  /** Makes the plan again. */
  readonly again: () => void;
}

/** The plan. The job starts only with the button at its end. */
export function PlanPanel(props: PlanPanelProps) {
  const { plan } = props;
  const lost = plan.losses.reduce((sum, { rows }) => sum + rows, 0);
  return (
    <section class="card" aria-labelledby="plan">
      <h2 id="plan" tabIndex={-1} ref={focusOnce}>
        Plan
      </h2>
      <Facts
        facts={[
          ['Reads', plan.source ? `${plan.source.name} (${plan.source.address})` : plan.file],
          ['Replaces', `${plan.target.name} (${plan.target.address})`],
          ['Compares', comparisonOf(plan)],
          ['Size', plan.bytes === null ? null : formatBytes(plan.bytes)],
          ['Estimate', estimateOf(plan)],
          ['Backup first', plan.backupFirst ? `yes, of ${plan.target.name}` : lost > 0 ? 'no' : 'not needed'],
        ]}
      />
      <Checks checks={plan.checks} />
      <Changes changes={plan.changes} />
      <Losses plan={plan} lost={lost} />
      <Confirmation {...props} lost={lost} />
    </section>
  );
}

function comparisonOf({ complete }: Plan): string {
  if (complete === null) return '';
  return complete ? 'all rows' : 'of tables with since, the rows that have changed';
}

function estimateOf({ estimateSeconds }: Plan): string {
  if (estimateSeconds === null) return '';
  return estimateSeconds < 10 ? 'less than 10 s' : `about ${formatDuration(estimateSeconds * 1000)}`;
}

// The plan takes the focus when it appears: a screen reader reads on from its heading.
const focusOnce = (heading: HTMLElement | null) => heading?.focus({ preventScroll: false });

const outcomes: Readonly<Record<Plan['checks'][number]['outcome'], readonly [Tone, IconName, string]>> = {
  ok: ['good', 'good', 'Fine'],
  warning: ['warn', 'warn', 'Warning'],
  failed: ['bad', 'bad', 'Failed'],
  unknown: ['quiet', 'stopped', 'Unknown'],
};

function Checks({ checks }: { readonly checks: Plan['checks'] }) {
  if (checks.length === 0) return null;
  return (
    <div class="section">
      <h3>Checks</h3>
      <ul class="checks">
        {checks.map(({ text, outcome }) => {
          const [tone, icon, word] = outcomes[outcome];
          return (
            <li key={text}>
              <State tone={tone} icon={icon} text={word} />
              <span>{text}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Changes({ changes }: { readonly changes: Plan['changes'] }) {
  const all = changes.filter(({ inserts, updates, deletes }) => inserts + updates + deletes > 0);
  if (changes.length === 0) return null;
  if (all.length === 0) return <p>The rows are equal already: nothing changes.</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls needs the keyboard.
    <section class="scrolls" tabIndex={0} aria-label="Changed rows">
      <table>
        <thead>
          <tr>
            <th scope="col">Table</th>
            <th scope="col">Inserted</th>
            <th scope="col">Updated</th>
            <th scope="col">Deleted</th>
          </tr>
        </thead>
        <tbody>
          {all.map(({ table, inserts, updates, deletes }) => (
            <tr key={table}>
              <th scope="row">{table}</th>
              <td>{formatNumber(inserts)}</td>
              <td>{formatNumber(updates)}</td>
              <td>{formatNumber(deletes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Losses({ plan, lost }: { readonly plan: Plan; readonly lost: number }) {
  const { losses, target, kind } = plan;
  if (lost === 0)
    return (
      <Notice tone="good">
        <p>No row of {target.name} is lost.</p>
      </Notice>
    );
  const verb = kind === 'data' ? 'updates or deletes' : 'replaces';
  return (
    <Notice tone={target.protected ? 'bad' : 'warn'}>
      <p class="what">
        {kindWords[kind]} {verb} {formatNumber(lost)} {lost === 1 ? 'row' : 'rows'} of {target.name}.
      </p>
      <details open={losses.length <= 8}>
        <summary>{formatCount(losses.length, 'table')}</summary>
        <Facts facts={losses.map(({ table, rows }) => [table, formatCount(formatNumber(rows), 'row')])} />
      </details>
    </Notice>
  );
}

function Confirmation({ plan, isBusy, start, again, lost }: PlanPanelProps & { readonly lost: number }) {
  const [typed, setTyped] = useState('');
  const now = useNow(5000);
  const { confirm, planId, expiresAt, target, kind } = plan;
  if (new Date(expiresAt) <= now)
    return (
      <div class="row">
        <p role="status">This plan has expired.</p>
        <button type="button" onClick={again}>
          Make the plan again
        </button>
      </div>
    );
  const isReady = confirm === null || typed === confirm;
  const submit = (event: Event) => {
    event.preventDefault();
    if (isReady) start({ planId, ...(confirm !== null && { confirm }) });
  };
  return (
    <form class="stack" onSubmit={submit}>
      {confirm !== null && <TypedName name={confirm} typed={typed} setTyped={setTyped} />}
      <div class="row">
        <button
          type="submit"
          class={lost > 0 ? 'main danger' : 'main'}
          disabled={!isReady}
          aria-disabled={isBusy}
        >
          {isBusy ? 'Starting…' : `Start: ${kindWords[kind].toLowerCase()} into ${target.name}`}
        </button>
      </div>
    </form>
  );
}

function TypedName(props: {
  readonly name: string;
  readonly typed: string;
  readonly setTyped: (typed: string) => void;
}) {
  const { name, typed, setTyped } = props;
  return (
    <Notice tone="bad">
      <p class="what row">
        <Icon name="shield" />
        {name} is protected.
      </p>
      <div class="field">
        <label for="confirm">Type {name} to confirm</label>
        <input
          id="confirm"
          value={typed}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setTyped((event.target as HTMLInputElement).value)}
        />
      </div>
    </Notice>
  );
}
