// The reports of tenants as text: a table with a line for each.

import { formatCount } from '../problem/amount.ts';
import { makeLegible } from '../problem/legible.ts';
import { rollbackAgain, syncAgain } from '../tenants/again.ts';
import type { TenantsPlan } from '../tenants/change.ts';
import type { TenantsHistoryReport } from '../tenants/history.ts';
import type { TenantHistory, TenantResult, TenantState, TenantsReport } from '../tenants/report.ts';
import type { TenantsRollbackReport } from '../tenants/rollback.ts';
import type { TenantsStatusReport } from '../tenants/status.ts';
import type { TenantsSyncReport } from '../tenants/sync.ts';
import type { TenantsVerifyReport } from '../tenants/verify.ts';
import type { TenantsFinding } from '../tenants/worst-case.ts';
import { formatAge } from './format.ts';
import { cautionLines, possibleLines, unlessEarlier } from './hazards.ts';
import { makeInk } from './ink.ts';
import { checkLines, downOf, headLines, indented, upOf } from './migrations.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

const stateWords: Readonly<Record<TenantState, string>> = {
  in_sync: 'in sync',
  behind: 'behind',
  out_of_sync: 'out of sync',
  drifted: 'drifted',
  faulty: 'faulty',
  half_way: 'half-way',
  changed: 'done',
  unchanged: 'unchanged',
  read: '',
  failed: 'failed',
  not_begun: 'not begun',
};

const good: ReadonlySet<TenantState> = new Set(['in_sync', 'changed', 'unchanged', 'read']);
const bad: ReadonlySet<TenantState> = new Set(['failed', 'faulty', 'half_way', 'drifted']);

/** The report of `db:status` of tenants. */
export function tenantsStatusText(report: TenantsStatusReport, paper: Paper): string {
  const { environment, schema, files, tenants } = report;
  const isAll = tenants.every(({ state }) => state === 'in_sync');
  const isBehind = tenants.some(({ state }) => state === 'behind' || state === 'out_of_sync');
  return [
    headText(report, paper),
    `Local Schema: ${schema}, migrations: ${files}`,
    ...tableLines(tenants, paper, files),
    ...wrapText(countText(tenants), paper),
    ...(isBehind ? dimLines(`Run 'db:sync --env ${environment}' to apply changes`, paper) : []),
    ...(isAll ? [] : oneLines('db:status', environment, paper)),
  ].join('\n');
}

/** The question of `db:sync` of tenants: the worst case over all of them. */
export function tenantsSyncPlanText(plan: TenantsPlan, paper: Paper): string {
  const { migrations, unfinished, finishing, possible } = plan;
  return [
    ...migrations.flatMap((one) => [
      ...headLines(one, paper),
      `  in ${formatCount(one.tenants, 'tenant')}`,
      ...indented(upOf(one.text)),
      '',
    ]),
    ...unfinished.map(
      ({ name, tenants }) => `${name} failed half-way in ${formatCount(tenants, 'tenant')}: finished first:`,
    ),
    ...finishing.flatMap(({ name, tenants }) => [
      ...indented(`${name};`),
      `    in ${formatCount(tenants, 'tenant')}`,
    ]),
    ...costLines(plan, paper),
    ...possibleLines(possible, paper),
    ...endLines('This applies', plan, paper),
  ].join('\n');
}

/** The question of `db:rollback` of tenants. */
export function tenantsRollbackPlanText(plan: TenantsPlan, paper: Paper): string {
  return [
    ...plan.migrations.flatMap((one) => [
      ...headLines(one, paper),
      `  in ${formatCount(one.tenants, 'tenant')}`,
      ...indented(downOf(one.text)),
      '',
    ]),
    ...plan.unfinished.map(
      ({ name, tenants }) => `${name} failed half-way in ${formatCount(tenants, 'tenant')}: undone first.`,
    ),
    ...costLines(plan, paper),
    ...endLines('This undoes', plan, paper),
  ].join('\n');
}

/** The report of `db:sync` of tenants. */
export function tenantsSyncText(report: TenantsSyncReport, paper: Paper): string {
  const { environment, tenants, plan, dryRun, done } = report;
  const table = [
    headText(report, paper),
    ...tableLines(tenants, paper),
    ...wrapText(countText(tenants), paper),
  ];
  if (dryRun && plan.changing > 0)
    return [tenantsSyncPlanText(plan, paper), ...table, 'Nothing was changed.'].join('\n');
  if (!done && !dryRun) return 'Declined: nothing was written or changed.';
  return [...table, ...goOnLines(syncAgain(environment), tenants, paper, oneBack(report))].join('\n');
}

/** The report of `db:rollback` of tenants. */
export function tenantsRollbackText(report: TenantsRollbackReport, paper: Paper): string {
  const { environment, tenants, kept, done } = report;
  if (!done) return 'Declined: nothing was changed.';
  const table = [
    headText(report, paper),
    ...tableLines(tenants, paper),
    ...wrapText(countText(tenants), paper),
  ];
  return [...table, ...goOnLines(rollbackAgain(environment, kept), tenants, paper)].join('\n');
}

/** The report of `db:verify` of tenants. */
export function tenantsVerifyText(report: TenantsVerifyReport, paper: Paper): string {
  const { environment, tenants, checks, sound } = report;
  return [
    headText(report, paper),
    ...checkLines(report, checks, paper),
    ...tableLines(tenants, paper),
    ...wrapText(countText(tenants), paper),
    ...(sound ? [] : oneLines('db:verify', environment, paper)),
  ].join('\n');
}

/** The report of `db:history` of tenants. */
export function tenantsHistoryText(report: TenantsHistoryReport, paper: Paper): string {
  const { environment, tenants } = report;
  const lines = tenants.map((one) => ({ ...one, details: lastDeed(one, paper) }));
  return [
    headText(report, paper),
    ...tableLines(lines, paper),
    ...oneLines('db:history', environment, paper),
  ].join('\n');
}

const headText = ({ environment, tenants }: TenantsReport, paper: Paper) =>
  wrapText(`Tenants of ${environment}: ${tenants.length}`, paper)
    .map((line) => makeInk(paper.colour).bold(line))
    .join('\n');

function lastDeed({ last, problem }: TenantHistory, paper: Paper): string[] {
  if (problem !== null) return [];
  if (last === null) return ['no migration was ever applied'];
  const { migration, direction, outcome, gitAuthor, systemUser, role, at } = last;
  const person = gitAuthor?.replace(/ <[^>]*>$/, '') ?? systemUser ?? role;
  const result = outcome === 'done' ? '' : ` (${outcome})`;
  return [`${migration} ${direction}${result} by ${person}, ${formatAge(new Date(at), paper.now)}`];
}

const dimLines = (text: string, paper: Paper) =>
  wrapText(text, paper).map((line) => makeInk(paper.colour).dim(line));
const oneLines = (command: string, environment: string, paper: Paper) =>
  dimLines(`Run '${command} --env ${environment}:NAME' for one tenant`, paper);

// A run that failed goes on where it ended: the ledger of each tenant knows.
function goOnLines(
  again: string,
  tenants: readonly TenantResult[],
  paper: Paper,
  more: readonly string[] = [],
): string[] {
  const isLeft = tenants.some(({ state, problem }) => problem !== null || state === 'not_begun');
  if (!isLeft) return [];
  const hints = new Set(tenants.flatMap(({ problem }) => (problem === null ? [] : [problem.hint])));
  return [
    ...[...hints].slice(0, 3).map((hint) => `Hint: ${makeLegible(hint)}`),
    ...more,
    `Then run '${again}' again: tenants that are done stay as they are.`,
  ].flatMap((line) => wrapText(line, paper));
}

// The hint of a problem names db:rollback, which leads all tenants back.
const oneBack = ({ environment, tenants }: TenantsReport) =>
  tenants.some(({ state }) => state === 'half_way')
    ? [`Run 'db:rollback --env ${environment}:NAME' to undo it in one tenant.`]
    : [];

/** One line for each tenant: its name, its state, its migrations, and what is wrong. */
function tableLines(tenants: readonly TenantResult[], paper: Paper, files?: number): string[] {
  const ink = makeInk(paper.colour);
  const rows = tenants.map((one) => ({
    state: one.state,
    cells: [makeLegible(one.name), stateWords[one.state], migrationsText(one, files)],
    what: whatText(one),
  }));
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map(({ cells }) => cells[at]?.length ?? 0)));
  return rows.flatMap(({ state, cells, what }) => {
    const own = cells.flatMap((cell, at) => (widths[at] === 0 ? [] : [cell.padEnd(widths[at] ?? 0)]));
    const [first = '', ...rest] = wrapText(`  ${[...own, what].join('  ').trimEnd()}`, paper, '    ');
    const word = stateWords[state];
    const paint = good.has(state) ? ink.green : bad.has(state) ? ink.red : ink.yellow;
    const at = first.indexOf(word, 2 + (widths[0] ?? 0));
    if (word === '' || at < 0) return [first, ...rest];
    return [`${first.slice(0, at)}${paint(word)}${first.slice(at + word.length)}`, ...rest];
  });
}

function migrationsText({ applied }: TenantResult, files: number | undefined): string {
  if (applied === null) return '';
  return files === undefined ? formatCount(applied, 'migration') : `${applied} of ${files}`;
}

function whatText({ problem, details, pending }: TenantResult): string {
  if (problem !== null) {
    const { message, detail } = problem;
    return oneLine(detail === null ? message : `${message} (${detail})`);
  }
  if (details.length > 0) return details.map(oneLine).join('; ');
  if (pending.length === 0) return '';
  const [first = '', ...more] = pending;
  return `not applied: ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

const oneLine = (text: string) => makeLegible(text.replace(/\s*\n\s*/g, ' '));

function countText(tenants: readonly TenantResult[]): string {
  const counts = new Map<string, number>();
  for (const { state } of tenants) counts.set(stateWords[state], (counts.get(stateWords[state]) ?? 0) + 1);
  const parts = [...counts].map(([word, count]) => `${count} ${word}`);
  return `${formatCount(tenants.length, 'tenant')}: ${parts.join(', ')}.`;
}

function costLines({ cautions, findings, policy }: TenantsPlan, paper: Paper): string[] {
  const { yellow } = makeInk(paper.colour);
  const within = (tenants: number) => `in ${formatCount(tenants, 'tenant')}`;
  const named = cautions.map(({ hazard, sql, table, tenants }) => ({
    hazard,
    sql: table === null ? `${sql} (${within(tenants)})` : sql,
    table: table && { ...table, name: `${table.name} ${within(tenants)}` },
  }));
  const rows = (outcome: TenantsFinding['outcome'], title: string) => {
    const own = findings.filter((one) => one.outcome === outcome);
    return own.length === 0 ? [] : [yellow(title), ...own.flatMap((one) => findingText(one, paper))];
  };
  return [
    ...cautionLines(named, paper),
    ...rows('fails', `Rows that a statement fails on${unlessEarlier}:`),
    ...rows('loses', 'Rows whose values change:'),
    ...(policy.length === 0 ? [] : [yellow('The policy warns of:')]),
    ...policy.flatMap(({ name, tenants }) => wrapText(`  ${name} (${within(tenants)})`, paper)),
  ];
}

function findingText({ found, table, words, tenants, sql, example }: TenantsFinding, paper: Paper): string[] {
  const some = found.toLocaleString('en-US');
  const rows = `${some} ${found === 1 ? 'row' : 'rows'} of ${table}: ${words}`;
  const text = `${rows}, in ${formatCount(tenants, 'tenant')}. One of them: ${example}`;
  return [...wrapText(`  ${text}`, paper), ...wrapText(`    ${sql}`, paper)];
}

function endLines(does: string, plan: TenantsPlan, paper: Paper): string[] {
  const { environment, migrations, tenants, changing, canary, failed } = plan;
  const what = formatCount(migrations.length, 'migration');
  const verb = does === 'This undoes' ? 'in' : 'to';
  const next = changing > 1 ? `: ${canary} first, then the others` : `: ${canary}`;
  return [
    ...(failed.length === 0
      ? []
      : [`${formatCount(failed.length, 'tenant')} cannot be changed:`, ...tableLines(failed, paper)]),
    makeLegible(
      `${does} ${what} ${verb} ${changing} of ${formatCount(tenants, 'tenant')} of ${environment}${next}.`,
    ),
  ];
}
