// Writes the next migrations: from the recorded to the wanted schema.

import type { ObjectChange } from '../compare/changes.ts';
import { type Caution, listCautions } from '../compare/impact.ts';
import { type RenameOptions, type RenameReport, reportRename } from '../compare/renames.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { type ComposeOptions, type Composition, compose } from '../migrate/compose.ts';
import { rebase } from '../migrate/rebase.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { makeName } from '../migration/name.ts';
import type { Down } from '../migration/text.ts';
import { renderMigration } from '../migration/text.ts';
import type { Step } from '../model/step.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import {
  checkChain,
  makeMigrationFile,
  readMigrations,
  writeComposed,
  writeMigrations,
} from '../project/migration-folder.ts';
import type { Workspace } from '../project/workspace.ts';

/** The options of `db:generate`. */
export interface GenerateInput extends ComposeOptions {
  /** Makes one to write by hand, instead of one from the schema. */
  readonly empty?: boolean;
  /** Puts merged branches of migrations one behind the other, instead of making one. */
  readonly rebase?: boolean;
  /** The environment whose applied migrations stay in place; default: the configured one. */
  readonly env?: string;
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
}

/** One migration in a report. */
export interface MigrationReport {
  readonly name: string;
  /** Its path from the project's folder. */
  readonly file: string;
  /** The stamp of its way down; null: it has none, as a draft and files of other tools. */
  readonly down: Down | null;
  /** True for a draft, whose SQL is still to be written. */
  readonly draft: boolean;
  /** Its text, as the file has it. */
  readonly text: string;
  /** The costs of its statements; unknown for a migration that you wrote. */
  readonly cautions: readonly Caution[];
}

/** The report of `db:generate`. */
export interface GenerateReport {
  /** The number of migrations. */
  readonly total: number;
  /** Those that were written or sealed; none, where the migrations lead to the wanted schema already. */
  readonly written: readonly MigrationReport[];
  /** The changes of the new migrations. */
  readonly changes: readonly ObjectChange[];
  /** Their renames. */
  readonly renames: readonly RenameReport[];
  /** Objects that they drop and add and that may be renames. */
  readonly possible: readonly RenameReport[];
  /** Statements that the policy warns of. */
  readonly policy: readonly PolicyVerdict[];
  /** Rebased migrations, with their old names. */
  readonly rebased: readonly { readonly name: string; readonly was: string }[];
}

/**
 * Composes the next migrations and writes them. It needs no database except the shadow.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `broken_chain`, `rebase_refused`, `unproven`, `migrations_changed`, `policy_denied`, of the
 * schema and of the migrations
 */
export async function generate(
  workspace: Workspace,
  input: GenerateInput = {},
  choose?: RenameOptions['choose'],
): Promise<GenerateReport> {
  if (input.empty) return draft(workspace, input.name ?? 'by hand');
  if (input.rebase) refuseForeign(workspace.project, 'db:generate --rebase');
  if (input.rebase) return rebased(workspace, input.env);
  const composition = await compose(workspace, input, { given: input.rename, choose });
  return reportGenerate(composition, await writeJudged(workspace, composition));
}

/**
 * Writes new migrations, unless the policy denies them.
 * @returns what the policy warns of
 * @throws Problem `policy_denied`, `migrations_changed`, `unwritable_file`
 */
export async function writeJudged(workspace: Workspace, composition: Composition): Promise<PolicyVerdict[]> {
  const steps = [...composition.steps.values()].flat();
  const policy = await judge(workspace, { steps, pending: composition.written });
  await writeComposed(workspace.project, composition);
  return policy;
}

/** Makes the report of a composition. */
export function reportGenerate(
  composition: Composition,
  policy: readonly PolicyVerdict[] = [],
): GenerateReport {
  const { files, written, changes, steps, renames, possible } = composition;
  const one = (file: MigrationFile) => reportMigration(file, steps.get(file.name) ?? []);
  return {
    total: files.length,
    written: written.map(one),
    changes,
    renames: renames.map(reportRename),
    possible: possible.map(reportRename),
    policy,
    rebased: [],
  };
}

/** Makes the report of one migration. */
export function reportMigration(file: MigrationFile, steps: readonly Step[]): MigrationReport {
  const { name, text, migration, up } = file;
  const draft = migration.header === null && up === undefined;
  const down = migration.header?.down ?? null;
  return { name, file: file.file, down, draft, text, cautions: listCautions(steps) };
}

async function rebased(workspace: Workspace, env: string | undefined): Promise<GenerateReport> {
  const { files, moved } = await rebase(workspace, env);
  const written = moved.map(({ file }) => reportMigration(file, []));
  const names = moved.map(({ file, was }) => ({ name: file.name, was }));
  return { total: files.length, written, changes: [], renames: [], possible: [], policy: [], rebased: names };
}

async function draft(workspace: Workspace, words: string): Promise<GenerateReport> {
  refuseForeign(workspace.project, 'db:generate --empty');
  const files = await readMigrations(workspace.project);
  checkChain(files);
  const name = makeName(files.at(-1)?.name ?? null, workspace.world.now(), words);
  const text = renderMigration({ name, header: null, transaction: 'both', up: '', down: '' });
  const file = makeMigrationFile(workspace.project, name, text);
  await writeMigrations(workspace.project, [file]);
  const written = [reportMigration(file, [])];
  return {
    total: files.length + 1,
    written,
    changes: [],
    renames: [],
    possible: [],
    policy: [],
    rebased: [],
  };
}
