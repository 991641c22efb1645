// `pgmage init` as text: the files that it writes, and the next step.
import type { InitPlan, InitReport } from '../commands/init.ts';
import { layouts } from '../migration/layouts.ts';
import { makeInk } from './ink.ts';
import type { Paper } from './paper.ts';
import { pullText } from './pull.ts';
import { wrapText } from './wrapped.ts';

/** The question of `init`: its plan. */
export function initPlanText(plan: InitPlan, paper: Paper): string {
  const { written, scripts, layout, database } = plan;
  const adopted = database?.is === 'adopted';
  return [
    ...written.flatMap((file) =>
      wrapText(`Write ${file}${file === 'package.json' ? `: ${scripts.join(', ')}` : ''}`, paper),
    ),
    ...(adopted ? wrapText(`Write the schema of ${database.name} (${database.address})`, paper) : []),
    ...(adopted && layout === null
      ? wrapText(
          `Write it as the first migration, and record that in ${database.name} as applied (runs no SQL)`,
          paper,
        )
      : []),
  ].join('\n');
}

/** The report of `init`. */
export function initText(report: InitReport, paper: Paper): string {
  const { written, layout, database, guarded, pulled, exposed, done } = report;
  const ink = makeInk(paper.colour);
  if (!done) return 'Declined: nothing was written.';
  const files = written.flatMap((file) => wrapText(`Wrote ${file}`, paper));
  const nothing = written.length === 0 && pulled === null ? ['Nothing to write: all files exist.'] : [];
  const whose =
    layout === null ? [] : [`${layout} writes and applies the migrations; pgmage replays and compares them`];
  const schema = pulled === null ? [] : [pullText(pulled, paper)];
  return [
    ...files,
    ...schema,
    ...nothing,
    ...whose,
    ...databaseLines(database, paper),
    ...(guarded === null
      ? []
      : wrapText(`${guarded} is protected. Commands use it only with --env ${guarded}`, paper)),
    ...(exposed === null ? [] : wrapText(`Git does not ignore ${exposed}. Add it to .gitignore`, paper)),
    ...wrapText(nextStep(report), paper).map((line) => ink.dim(line)),
  ].join('\n');
}

function databaseLines(database: InitPlan['database'], paper: Paper): string[] {
  if (database === null) return [];
  const { name, address, is, reason } = database;
  switch (is) {
    case 'unreachable':
      return wrapText(`${reason}. pgmage did not read its schema: run init again when it can connect`, paper);
    case 'empty':
      return wrapText(`${name} (${address}) is empty`, paper);
    case 'embedded':
      return ['Without DATABASE_URL, pgmage uses an embedded database in .pgmage/'];
    default:
      return [];
  }
}

function nextStep({ database, layout }: InitPlan): string {
  const hasSchema = database?.is === 'adopted' || database?.is === 'kept' || database?.is === 'unrecorded';
  const other = Object.values(layouts).find(({ name }) => name === layout);
  if (other !== undefined) {
    const first = hasSchema
      ? 'Change the schema.'
      : "Write or change schema/schema.sql: 'db:pull --from migrations' writes the schema of the migrations.";
    return other.written === undefined
      ? `${first} Then 'db:diff --from migrations --sql' prints the SQL for a migration of ${other.tool}`
      : `${first} Then run 'db:generate' and '${other.command}'`;
  }
  if (database?.is === 'unrecorded')
    return (
      `No migration records the schema of ${database.name}. Before you change it, run 'db:generate' and` +
      " 'db:sync --baseline'"
    );
  return hasSchema
    ? "Change the schema, then run 'db:generate' and 'db:sync'"
    : "Write or change schema/schema.sql, then run 'db:generate' and 'db:sync'";
}
