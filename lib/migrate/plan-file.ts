// A plan as a file: what was shown and approved, and by what it is known again.
import { createHash } from 'node:crypto';
import { readFile as read, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { replaceFile } from '../config/file.ts';
import { kinds } from '../kinds/index.ts';
import type { LedgerPosition } from '../ledger/position.ts';
import type { Ledger } from '../ledger/tables.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { computeFingerprint } from '../migration/fingerprint.ts';
import type { Catalog } from '../model/catalog.ts';
import { isMissing, whileReading, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath } from '../project/sql-files.ts';
import type { ComposeOptions } from './compose.ts';
import type { SoundTargetState } from './target-state.ts';

const format = 'pgmage plan 1';

/** The options of a plan, which its application repeats. */
export interface KeptOptions extends ComposeOptions {
  readonly rename?: readonly string[];
}

/** The target as it was planned for, without its password. */
export interface PlannedTarget {
  readonly environment: string;
  /** Its URL without password, and of its parameters those that are a part of the address. */
  readonly address: string;
  /** The fingerprint of its schema. */
  readonly schema: string;
  /** A digest of the migrations that are applied to it. */
  readonly ledger: string;
}

/** The file of a plan, and the digest that names the plan. */
export interface PlanFile {
  readonly file: string;
  readonly digest: string;
}

/** A plan of which nothing may have moved when it is applied. */
export interface ApprovedPlan {
  /** When it was made; new migrations have their names from it. */
  readonly made: string;
  /** The version of pgmage that made it. */
  readonly tool: string;
  readonly options: KeptOptions;
  readonly target: PlannedTarget;
  /** The fingerprint of the wanted schema. */
  readonly schema: string;
  /** The digest of the folder of migrations. */
  readonly folder: string;
  /** The migrations that it applies, in their order. */
  readonly migrations: readonly { readonly name: string; readonly text: string }[];
  /** The files that it deletes. */
  readonly removed: readonly string[];
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** The digest of a folder of migrations: of their names and texts. */
export const digestFolder = (files: readonly MigrationFile[]) =>
  digest(JSON.stringify(files.map(({ file, text }) => [file, text])));

/**
 * The wanted schema as a plan knows it again. Its text may differ each time: the output of a command can hold
 * a date, or a key as that of pg_dump's `\\restrict`.
 */
export const digestWanted = (wanted: Catalog) => computeFingerprint(wanted, kinds);

/** A target as a plan knows it again. */
export function digestTarget({
  actual,
  ledger,
  standing,
}: SoundTargetState): Pick<PlannedTarget, 'schema' | 'ledger'> {
  return { schema: computeFingerprint(actual, kinds), ledger: digestLedger(ledger, standing) };
}

/** A digest of the migrations that are applied to a target. */
export function digestLedger(
  ledger: Pick<Ledger, 'applied'>,
  { applied, unfinished }: Pick<LedgerPosition, 'applied' | 'unfinished'>,
): string {
  const rows = ledger.applied.map(({ name, checksum }) => [name, checksum]);
  return digest(JSON.stringify([rows, applied, unfinished?.file.name ?? null]));
}

/** The digest that names a plan. */
export const digestPlan = (plan: ApprovedPlan | Readonly<Record<string, unknown>>) =>
  digest(JSON.stringify([format, plan]));

/**
 * Writes a plan, for its owner alone, over an earlier plan at most.
 * @returns its digest
 * @throws Problem `not_generated` for a file that is not a plan, `unwritable_file`
 */
export async function writePlan(project: Project, path: string, plan: ApprovedPlan): Promise<string> {
  const full = resolve(project.root, path);
  const file = shownPath(project.root, full);
  const checksum = digestPlan(plan);
  const text = `${JSON.stringify({ format, checksum, plan }, null, 2)}\n`;
  await whileWriting(file, async () => {
    if (!(await isReplaceable(full))) throw new Problem('not_generated', { file, task: 'db:plan' });
    await replaceFile(full, text, { mode: 0o600 });
  });
  return checksum;
}

// Nothing is there, or an empty file, or a plan of this or another version.
async function isReplaceable(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    const text = await read(path, 'utf8');
    if (text === '') return true;
    const document: unknown = JSON.parse(text);
    return isRecord(document) && /^pgmage plan \d+$/.test(String(document.format));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false;
    if (isMissing(thrown)) return true;
    throw thrown;
  }
}

/**
 * Reads a plan.
 * @param approved the digest that it must have; left out: any
 * @throws Problem `bad_plan`, `bad_option`, `missing_file`, `unreadable_file`
 */
export async function readPlan(
  project: Project,
  path: string,
  approved?: string,
): Promise<{ readonly plan: ApprovedPlan; readonly from: PlanFile }> {
  if (approved !== undefined && !/^[0-9a-f]{64}$/.test(approved))
    throw new Problem('bad_option', { option: '--digest', reason: 'it must be the 64 digits of a digest' });
  const full = resolve(project.root, path);
  const file = shownPath(project.root, full);
  const text = await whileReading(file, () => read(full, 'utf8'), `db:plan --env NAME --out ${file}`);
  const bad = (reason: string) => new Problem('bad_plan', { file, reason });
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  if (!isRecord(document) || document.format !== format) throw bad(`its format is not '${format}'`);
  const { plan, checksum } = document;
  if (!isRecord(plan)) throw bad('it has no plan');
  const own = digestPlan(plan);
  if (own !== checksum) throw bad('it was edited after it was made');
  if (approved !== undefined && own !== approved)
    throw bad(`its digest is ${own}, and --digest names ${approved}`);
  if (plan.tool !== project.version)
    throw bad(`pgmage ${plan.tool} made it, and this is pgmage ${project.version}`);
  // An edited file can have a digest of its own.
  const fault = findFault(plan);
  if (fault !== undefined) throw bad(`its '${fault}' is not as db:plan writes it`);
  return { plan: plan as unknown as ApprovedPlan, from: { file, digest: own } };
}

type Check = (value: unknown) => boolean;
type Checks<T> = { readonly [K in keyof Required<T>]: Check };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === 'string';
const optional =
  (is: Check): Check =>
  (value) =>
    value === undefined || is(value);
const listOf =
  (is: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(is);
// These members, and no others.
const recordOf =
  <T>(checks: Checks<T>): Check =>
  (value) =>
    isRecord(value) && faultIn(value, checks) === undefined;

const planChecks: Checks<ApprovedPlan> = {
  made: (value) => isText(value) && !Number.isNaN(Date.parse(value as string)),
  tool: isText,
  options: recordOf<KeptOptions>({
    name: optional(isText),
    online: optional((value) => typeof value === 'boolean'),
    rename: optional(listOf(isText)),
  }),
  target: recordOf<PlannedTarget>({ environment: isText, address: isText, schema: isText, ledger: isText }),
  schema: isText,
  folder: isText,
  migrations: listOf(recordOf<ApprovedPlan['migrations'][number]>({ name: isText, text: isText })),
  removed: listOf(isText),
};

const findFault = (plan: Readonly<Record<string, unknown>>) => faultIn(plan, planChecks);

// The name of a member that should not be there, or is not what it should be.
function faultIn<T>(value: Readonly<Record<string, unknown>>, checks: Checks<T>): string | undefined {
  const known = Object.entries<Check>(checks);
  const more = Object.keys(value).find((name) => !Object.hasOwn(checks, name));
  return more ?? known.find(([name, is]) => !is(value[name]))?.[0];
}
