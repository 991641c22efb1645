// `db:status` as text.

import type { StatusReport } from '../commands/status.ts';
import { describeChange, type ObjectChange, type Presence, shortenPart } from '../compare/changes.ts';
import { formatAge } from './format.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { wrapText } from './wrapped.ts';

/** The status of a database, for people. */
export function statusText(report: StatusReport, paper: Paper): string {
  const ink = makeInk(paper.colour);
  const { schema, target, changes, unmanaged } = report;
  const name = target.name;
  const modified =
    schema.modified === null ? '' : ` (modified ${formatAge(new Date(schema.modified), paper.now)})`;
  const fit = (line: string) => wrapText(line, paper);
  const section = (title: string, items: readonly string[]) =>
    items.length === 0 ? [] : [title, ...items.map((item) => `  - ${item}`)].flatMap(fit);
  const texts = (standing: Presence) =>
    changes.filter((change: ObjectChange) => change.standing === standing).map(({ text }) => text);
  const lines = [
    ink.bold('Database Schema Status'),
    `Local Schema:  ${schema.path}${modified}`,
    `Remote Schema: ${name}  (${target.address})`,
    `Status: ${report.inSync ? ink.green('IN SYNC') : ink.red('OUT OF SYNC')}`,
    `Pending Changes: ${changes.length}`,
    ...section(`Missing in ${name}:`, texts('missing').map(shortenPart)),
    ...section(`Different in ${name}:`, texts('different')),
    ...section(`Not in ${schema.path} (extra in ${name}):`, texts('extra')),
    ...section(`Not managed by pgmage, in ${name}:`, unmanaged),
  ];
  lines.push(...recordLines(report, section));
  lines.push(
    ...lastLines(report)
      .flatMap(fit)
      .map((line) => ink.dim(line)),
  );
  return lines.join('\n');
}

function lastLines(report: StatusReport): string[] {
  const { objects, schema, record } = report;
  if (!report.inSync) return ["Run 'db:diff' for detailed comparison", ...nextLines(report)];
  if (record !== null && record.faults.length > 0) return nextLines(report);
  return [
    objects === 1
      ? `The object of ${schema.path} matches.`
      : `All ${objects} objects of ${schema.path} match.`,
  ];
}

// The user first resolves what db:sync refuses. It continues a migration that failed half-way.
function nextLines({ target, record, appliedBy }: StatusReport): string[] {
  if (record === null || record.outOfReach !== undefined) return [`Run '${appliedBy}' to apply changes`];
  const refusals = record.faults.filter((fault) => !fault.includes(' failed half-way: '));
  if (refusals.length > 0)
    return [`Resolve the problems of the migrations: until then, ${record.appliedBy} changes nothing`];
  if (record.drift.length === 0) return [`Run '${record.appliedBy}' to apply changes`];
  // Another tool applies its migrations whatever the database has.
  const isOwn = appliedBy === 'db:sync';
  const until = isOwn ? ': until then, db:sync changes nothing' : '';
  const way = isOwn ? ' (db:sync --baseline)' : ` with the tool of '${appliedBy}'`;
  return [
    record.applied === 0
      ? `Record what ${target.name} has already${way}${until}`
      : `Undo the drift in ${target.name} or take it over${until}`,
  ];
}

type Section = (title: string, items: readonly string[]) => string[];

// The state of the migrations, each with the command that resolves it.
function recordLines(report: StatusReport, section: Section): string[] {
  const { record, schema, target, changes: all } = report;
  if (record === null) return [];
  const { files, applied, appliedBy, pending, unrecorded, drift, unfinished, faults, outOfReach } = record;
  const head = [
    outOfReach === undefined
      ? `Migrations: ${files}, applied: ${applied}`
      : `Migrations: ${files}. ${outOfReach} cannot apply them to an embedded database:` +
        ` ${appliedBy} brings the schema`,
  ];
  const there = `In ${target.name} already, but not recorded there (db:sync --baseline records them):`;
  if (isUnrecordedAlone(report)) return [...head, ...section(there, pending)];
  head.push(...section(`Not applied to ${target.name} (${appliedBy} applies them):`, pending));
  if (applied > 0 && isSame(drift, unrecorded, 1))
    return [
      ...head,
      ...section(
        `In ${target.name} and ${schema.path}, but in no migration (after db:push: db:generate, then` +
          ` ${appliedBy === 'db:sync' ? 'db:sync --baseline' : `record it as applied for '${appliedBy}'`}):`,
        drift.map(describeChange),
      ),
    ];
  return [
    ...head,
    ...(isSame(unrecorded, all)
      ? ['No migration has these changes yet (db:generate writes one)']
      : section(
          `Changed in ${schema.path}, but in no migration (db:generate writes one):`,
          unrecorded.map(describeChange),
        )),
    ...section(
      applied === 0
        ? `In ${target.name}, but recorded there by no migration:`
        : `Drift in ${target.name}, made by no migration (db:pull --drift shows it, and writes what it can):`,
      drift.map(describeChange),
    ),
    ...section(`Left in ${target.name} by a migration that failed half-way:`, unfinished.map(describeChange)),
    ...section('Problems of the migrations (db:verify shows more):', faults),
  ];
}

// After db:push and db:generate: the migrations lead to the schema that the database has already. db:sync
// refuses to run them there.
const isUnrecordedAlone = ({ inSync, record }: StatusReport) =>
  inSync &&
  record !== null &&
  record.appliedBy === 'db:sync' &&
  record.pending.length > 0 &&
  record.drift.length > 0 &&
  record.unrecorded.length + record.faults.length === 0;

// One list says it all.
const isSame = (some: readonly ObjectChange[], all: readonly ObjectChange[], least = 2) =>
  some.length >= least &&
  some.length === all.length &&
  some.every(({ text }) => all.some((other) => other.text === text));
