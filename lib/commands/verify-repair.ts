// The way out where files were edited that are applied, and nothing but comments and blanks differs.
import { acceptEdits } from '../ledger/audit.ts';
import { type Edit, editWords, findEdits } from '../ledger/edits.ts';
import { withLock } from '../ledger/lock.ts';
import { type Ledger, readLedger } from '../ledger/tables.ts';
import { prepareRun } from '../migrate/target-state.ts';
import { findBreaks, type MigrationFile } from '../migration/chain.ts';
import { reseal } from '../migration/text.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import {
  brokenChain,
  makeMigrationFile,
  readMigrations,
  writeComposed,
} from '../project/migration-folder.ts';
import type { Project } from '../project/project.ts';
import { withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { findProtected, refuseProtected, type WriteNames, writeTarget } from '../project/write-access.ts';

/** The options of `db:verify --repair`. */
export interface RepairInput extends Consent, WriteNames {}

/** The edits to accept. */
export interface RepairPlan {
  readonly target: NamedTarget;
  /** Names of the migrations whose texts were edited. */
  readonly edited: readonly string[];
  /** Files that get other checksums: those, and all that follow them. */
  readonly files: readonly string[];
  /** Names of the migrations whose rows in the ledger get other checksums. */
  readonly rows: readonly string[];
}

/** The accepted edits. */
export interface RepairReport extends RepairPlan {
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Accepts edits of applied migrations that do not change their statements, in the files and in the ledger,
 * with a note in the audit.
 * @throws Problem `repair_refused`, `broken_chain`, `confirmation_needed`, `migration_running`,
 * `protected_target`, `embedded_not_named`; of the connection
 */
export async function repair(
  workspace: Workspace,
  input: RepairInput,
  ask: Ask<RepairPlan>,
): Promise<RepairReport> {
  const target = await writeTarget(workspace.world, input, ask);
  const guarded = findProtected(workspace.world, target, input);
  const folder = await readMigrations(workspace.project);
  const breaks = findBreaks(folder);
  const other = breaks.filter(({ is }) => is !== 'edited');
  if (other.length > 0) throw brokenChain(other, folder);
  const edited = new Set(breaks.map(({ name }) => name));
  return withTarget(workspace, target, async (connection) => {
    await refuseProtected(workspace.project, connection, target, await guarded);
    const ledger = await snapshot(connection, readLedger);
    refuse(target, ledger, edited, await findEdits(ledger, folder));
    const files = resealAll(workspace.project, folder, edited);
    const written = files.filter((file, at) => file.text !== folder[at]?.text);
    const rows = changed(ledger, files);
    const plan: RepairPlan = {
      target: nameTarget(workspace.project, target),
      edited: [...edited],
      files: written.map(({ file }) => file),
      rows: rows.map(({ name }) => name),
    };
    if (written.length + rows.length === 0) return { ...plan, done: true };
    if (!(await confirm({ what: `db:verify --repair of ${target.name}`, plan, losses: [] }, input, ask)))
      return { ...plan, done: false };
    const of = await prepareRun({ workspace, connection, target, files });
    await withLock(connection, target.name, async () => {
      const now = await snapshot(connection, readLedger);
      refuse(target, now, new Set(), await findEdits(now, folder));
      await writeComposed(workspace.project, { folder, removed: [], written });
      await acceptEdits(of, changed(now, files));
    });
    return { ...plan, done: true };
  });
}

function refuse(
  { name: environment }: Target,
  { applied }: Ledger,
  edited: ReadonlySet<string>,
  edits: ReadonlyMap<string, Edit>,
): void {
  const known = new Set(applied.map(({ name }) => name));
  const faults = [
    ...[...edits].flatMap(([name, edit]) => (edit === 'layout' ? [] : [`${name}: ${editWords[edit]}`])),
    ...[...edited].flatMap((name) =>
      known.has(name) ? [] : [`${name} is not applied to ${environment}, so its original text is unknown`],
    ),
  ];
  if (faults.length > 0) throw new Problem('repair_refused', { environment, faults });
}

// From the first edited file on, each file names a checksum that has changed.
function resealAll(
  project: Project,
  folder: readonly MigrationFile[],
  edited: ReadonlySet<string>,
): MigrationFile[] {
  const files: MigrationFile[] = [];
  for (const file of folder) {
    const after = files.at(-1)?.migration.stated ?? null;
    const { header } = file.migration;
    const stays = header === null || (!edited.has(file.name) && header.after === after);
    files.push(stays ? file : makeMigrationFile(project, file.name, reseal(file.text, after)));
  }
  return files;
}

function changed({ applied }: Ledger, files: readonly MigrationFile[]): MigrationFile[] {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  return files.filter(
    ({ name, migration }) => checksums.has(name) && checksums.get(name) !== migration.checksum,
  );
}
