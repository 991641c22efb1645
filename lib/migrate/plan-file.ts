// A plan as a file: what was shown and approved, and by what it is known again.
import { createHash } from 'node:crypto';
import { readFile as read, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { computeFingerprint } from '../migration/fingerprint.ts';
import { whileReading, whileWriting } from '../problem/file.ts';
import { Problem } from '../problem/problem.ts';
import type { Project } from '../project/project.ts';
import { shownPath, type TextFile } from '../project/sql-files.ts';
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
  /** Its URL without password and parameters. */
  readonly address: string;
  /** The fingerprint of its schema. */
  readonly schema: string;
  /** A digest of the migrations that are applied to it. */
  readonly ledger: string;
}

/** A plan of which nothing may have moved when it is applied. */
export interface ApprovedPlan {
  /** When it was made; new migrations have their names from it. */
  readonly made: string;
  /** The version of pgmage that made it. */
  readonly tool: string;
  readonly options: KeptOptions;
  readonly target: PlannedTarget;
  /** Digests of the schema files and of the folder of migrations. */
  readonly schema: string;
  readonly folder: string;
  /** The migrations that it applies, in their order. */
  readonly migrations: readonly { readonly name: string; readonly text: string }[];
  /** The files that it deletes. */
  readonly removed: readonly string[];
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** The digest of files: of their names and texts. */
export function digestFiles(files: readonly TextFile[]): string {
  return digest(JSON.stringify(files.map(({ file, text }) => [file, text])));
}

/** The digest of a folder of migrations. */
export const digestFolder = (files: readonly MigrationFile[]) =>
  digestFiles(files.map(({ file, text }) => ({ file, text })));

/** A target as a plan knows it again. */
export function digestTarget({
  actual,
  ledger,
  standing,
}: SoundTargetState): Pick<PlannedTarget, 'schema' | 'ledger'> {
  const applied = ledger.applied.map(({ name, checksum }) => [name, checksum]);
  const unfinished = standing.unfinished?.file.name ?? null;
  return {
    schema: computeFingerprint(actual, kinds),
    ledger: digest(JSON.stringify([applied, standing.applied, unfinished])),
  };
}

/** The digest that names a plan. */
export const digestPlan = (plan: ApprovedPlan) => digest(JSON.stringify([format, plan]));

/** Writes a plan. @returns its digest @throws Problem `unwritable_file` */
export async function writePlan(project: Project, path: string, plan: ApprovedPlan): Promise<string> {
  const file = resolve(project.root, path);
  const checksum = digestPlan(plan);
  const text = `${JSON.stringify({ format, checksum, plan }, null, 2)}\n`;
  await whileWriting(shownPath(project.root, file), () => writeFile(file, text));
  return checksum;
}

/** Reads a plan. @throws Problem `bad_plan`, `missing_file`, `unreadable_file` */
export async function readPlan(project: Project, path: string): Promise<ApprovedPlan> {
  const full = resolve(project.root, path);
  const file = shownPath(project.root, full);
  const text = await whileReading(file, () => read(full, 'utf8'));
  const bad = (reason: string) => new Problem('bad_plan', { file, reason });
  let document: { format?: unknown; checksum?: unknown; plan?: ApprovedPlan };
  try {
    document = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  if (typeof document !== 'object' || document === null || document.format !== format)
    throw bad(`its format is not '${format}'`);
  const { plan, checksum } = document;
  if (typeof plan !== 'object' || plan === null) throw bad('it has no plan');
  if (digestPlan(plan) !== checksum) throw bad('it was edited after it was made');
  if (plan.tool !== project.version)
    throw bad(`pgmage ${plan.tool} made it, and this is pgmage ${project.version}`);
  return plan;
}
