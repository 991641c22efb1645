// Refuses statements that the policy of a project denies, before they run or are written.
import { type Caution, readTableSizes, type TableSize } from '../compare/impact.ts';
import type { PolicyConfig } from '../config/policy.ts';
import type { Direction } from '../ledger/statements.ts';
import { nameBefore } from '../migrate/renamed-paths.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { qualify } from '../model/quote.ts';
import { hazards as allHazards, type Hazard, type Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { redact } from '../problem/redact.ts';
import { parseFiles } from '../project/shadow-catalog.ts';
import { readSourceFiles } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { type Allow, isOfObject, namesRule, readAllows } from './allows.ts';
import { levelOfHazard } from './level.ts';
import { lintFiles } from './lint.ts';
import { objectOf } from './schema.ts';
import { asMigrations } from './sources.ts';
import type { LintedFile } from './statement.ts';
import { tablePath } from './verdict.ts';

/** A statement with a hazard that the policy mentions. */
export interface PolicyVerdict {
  readonly hazard: Hazard;
  readonly level: 'warn' | 'deny';
  /** The statement as it may be shown. */
  readonly sql: string;
  /** The qualified name of the object. */
  readonly object: string | null;
  readonly table: TableSize | null;
}

/** The statements to judge. */
export interface JudgedPlan {
  readonly steps: readonly Step[];
  /** Statements that pgmage itself has just written into these migrations. */
  readonly written?: readonly Step[];
  /** The costs of these steps, in their order; left out: without sizes. */
  readonly cautions?: readonly Caution[];
  /** Migrations that run, also those that a user wrote. */
  readonly pending?: readonly MigrationFile[];
  /** The way of these migrations that runs; left out: up. */
  readonly direction?: Direction;
  /** The target, for the sizes of tables in the statements of users; left out: there is none. */
  readonly connection?: Connection;
}

/** A statement with one hazard. */
interface Judged extends Omit<PolicyVerdict, 'level'> {
  /** The text of the whole statement, on one line. */
  readonly statement: string;
}

/**
 * Judges statements by the policy.
 * @returns those that it warns of; none where there is no policy
 * @throws Problem `policy_denied`; of the files
 */
export async function applyPolicy(workspace: Workspace, plan: JudgedPlan): Promise<PolicyVerdict[]> {
  const { policy } = workspace.project;
  if (policy === undefined || allHazards.every((hazard) => policy[hazard] === undefined)) return [];
  const files = asMigrations(workspace.project, plan.pending ?? [], plan.direction);
  const planned = listPlanned(plan);
  const judged = [...planned, ...(await listOthers(files, plan))];
  const schema = await readSourceFiles(workspace, workspace.project.schema);
  const [allows, texts] = [[...schema, ...files].flatMap(readAllows), await readTexts(files)];
  const found = judged.flatMap((one): PolicyVerdict[] => {
    const { statement, ...verdict } = one;
    const level = levelOfHazard(policy as PolicyConfig, one.hazard, one.table?.bytes ?? null);
    if (level === undefined || level === 'allow') return [];
    const isAllowed = allows.some((allow) => coversStatement(allow, one, texts));
    return isAllowed ? [] : [{ ...verdict, level }];
  });
  const denied = found.filter(({ level }) => level === 'deny');
  if (denied.length > 0)
    throw new Problem('policy_denied', {
      statements: denied.map(describeVerdict),
      allow: [...new Set(denied.map(({ hazard, object }) => `${hazard} ${object ?? ''}`.trim()))],
    });
  return found;
}

/** A verdict on one line: `rewrites_table: ALTER TABLE … (orders: 2 GB)`. */
export function describeVerdict({ hazard, sql, table }: PolicyVerdict): string {
  const size =
    table === null ? '' : ` (${table.name}: ${Math.ceil(table.bytes / 1024).toLocaleString('en-US')} kB)`;
  return `${hazard}: ${toLine(sql)}${size}`;
}

// In the order of `cautions`, which are made from the same steps.
function listPlanned({ steps, cautions = [] }: JudgedPlan): Judged[] {
  let at = 0;
  return steps.flatMap((step) => {
    const statement = toLine(step.shown ?? step.sql);
    return (step.parts ?? [step]).flatMap(({ hazards, sql, shown = sql, fact }) =>
      hazards.map((hazard) => {
        const table = cautions[at++]?.table ?? null;
        return { hazard, sql: shown, object: objectOf(fact), table, statement };
      }),
    );
  });
}

// Statements of users, and those on the way, which do not show in a plan from end to end.
async function listOthers(
  files: readonly LintedFile[],
  { steps, written = [], connection }: JudgedPlan,
): Promise<Judged[]> {
  // Also those without a hazard: pgmage knows that they have none.
  const known = new Set([...steps, ...written].map((step) => toLine(step.shown ?? step.sql)));
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  // The target has all that the files before the pending ones made: only these make anything new there.
  const areOneRun = connection !== undefined;
  const nameAt = await namesAt(files);
  const found = (await lintFiles(files, {}, areOneRun)).flatMap(({ hazards, object, statement }) => {
    if (hazards.length === 0 || statement === null) return [];
    const line = toLine((texts.get(statement.file) ?? '').slice(statement.start, statement.end));
    const sql = redact(line);
    const former = nameAt(object, statement);
    const one = { sql, object, statement: line, former };
    return known.has(line) ? [] : hazards.map((hazard) => ({ hazard, ...one }));
  });
  const names = new Set(found.flatMap(({ former }) => (former === null ? [] : [former])));
  const sizes =
    connection === undefined ? new Map<string, TableSize>() : await readTableSizes(connection, names);
  // Without a size may be what was made on the way, an index or a domain.
  return found.map(({ former, ...one }) => ({ ...one, table: sizes.get(former ?? '') ?? null }));
}

// The name that a table has in the target before all of these files, by that at a statement.
async function namesAt(
  files: readonly LintedFile[],
): Promise<(object: string | null, at: { file: string; start: number }) => string | null> {
  const texts = await readTexts(files);
  return (object, { file, start }) => {
    if (object === null) return null;
    const order = [...texts.keys()];
    const earlier = order.slice(0, order.indexOf(file)).flatMap((one) => texts.get(one) ?? []);
    const own = (texts.get(file) ?? []).filter((one) => one.start < start);
    const path = nameBefore([...earlier, ...own].map(({ line }) => line))(tablePath(object));
    return path === null ? null : qualify(path);
  };
}

/** The statements of each file: their ranges, and their texts on one line. */
type StatementTexts = ReadonlyMap<string, readonly { start: number; end: number; line: string }[]>;

async function readTexts(files: readonly LintedFile[]): Promise<StatementTexts> {
  const parsed = await parseFiles(files.map(({ file, text }) => ({ file, text })));
  return new Map(
    parsed.map(({ file, text, statements }) => [
      file,
      statements.map(({ start, end }) => ({ start, end, line: toLine(text.slice(start, end)) })),
    ]),
  );
}

function coversStatement(
  allow: Allow,
  { hazard, object, statement }: Judged,
  texts: StatementTexts,
): boolean {
  if (!namesRule(allow, { rule: hazard, hazards: [] })) return false;
  const own = texts.get(allow.file);
  if (allow.isNamed || own === undefined) return isOfObject(allow, object);
  const { anchor } = allow;
  return own.some(
    ({ start, end, line }) => line === statement && anchor !== null && anchor >= start && anchor < end,
  );
}

// Without comments, which may stand before it.
function toLine(sql: string): string {
  return sql
    .replace(/^(?:\s+|--[^\n]*|\/\*[\s\S]*?\*\/)*/, '')
    .replace(/\s+/g, ' ')
    .replace(/;$/, '')
    .trim();
}
