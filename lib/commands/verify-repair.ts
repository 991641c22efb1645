// The way out where files were edited that are applied, and nothing but comments and blanks differs.
import { accept } from '../ledger/audit.ts';
import { type Edit, editsOf, editWords } from '../ledger/edits.ts';
import { withLock } from '../ledger/lock.ts';
import { type Ledger, readLedger } from '../ledger/tables.ts';
import { runOf } from '../migrate/target-state.ts';
import { breaksOf, breakWords, type MigrationFile } from '../migration/chain.ts';
import { resealed } from '../migration/text.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, agreed, type Consent } from '../project/confirmation.ts';
import type { Context, Target } from '../project/context.ts';
import { migrationFile, readMigrations, writeComposed } from '../project/migration-folder.ts';
import { type NamedTarget, named, withTarget } from '../project/source.ts';
import { guardedOf, refuseGuarded, type WriteNames, writeTarget } from '../project/write-access.ts';

/** What is asked. */
export interface RepairInput extends Consent, WriteNames {}

/** What is going to be accepted. */
export interface RepairPlan {
  readonly target: NamedTarget;
  /** Names of the migrations whose texts were edited. */
  readonly edited: readonly string[];
  /** Files that get other checksums: those, and all that follow them. */
  readonly files: readonly string[];
  /** Names of the migrations whose rows in the ledger get other checksums. */
  readonly rows: readonly string[];
}

/** What was accepted. */
export interface RepairReport extends RepairPlan {
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Accepts edits of applied migrations that change nothing of what these do, in the files and in the ledger, whose audit
 * says so.
 * @throws Problem `repair_refused`, `broken_chain`, `confirmation_needed`, `migration_running`, `protected_target`,
 * `embedded_not_named`; of the connection
 */
export async function repair(
  context: Context,
  input: RepairInput,
  ask: Ask<RepairPlan>,
): Promise<RepairReport> {
  const target = await writeTarget(context, input, ask);
  const guarded = guardedOf(context, target, input);
  const folder = await readMigrations(context);
  const breaks = breaksOf(folder);
  const other = breaks.filter(({ is }) => is !== 'edited');
  if (other.length > 0) throw new Problem('broken_chain', { breaks: other.map(breakWords) });
  const edited = new Set(breaks.map(({ name }) => name));
  return withTarget(context, target, async (connection) => {
    await refuseGuarded(context, connection, target, await guarded);
    const ledger = await snapshot(connection, readLedger);
    refuse(target, ledger, edited, await editsOf(ledger, folder));
    const files = anew(context, folder, edited);
    const written = files.filter((file, at) => file.text !== folder[at]?.text);
    const rows = changed(ledger, files);
    const plan: RepairPlan = {
      target: named(context, target),
      edited: [...edited],
      files: written.map(({ file }) => file),
      rows: rows.map(({ name }) => name),
    };
    if (written.length + rows.length === 0) return { ...plan, done: true };
    if (!(await agreed(`db:verify --repair of ${target.name}`, plan, [], input, ask)))
      return { ...plan, done: false };
    const of = await runOf(context, connection, target, files);
    await withLock(connection, target.name, async () => {
      const now = await snapshot(connection, readLedger);
      refuse(target, now, new Set(), await editsOf(now, files));
      await writeComposed(context, { folder, written });
      await accept(of, changed(now, files));
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

// From the first one that was edited, each names a checksum that is another one now.
function anew(
  context: Context,
  folder: readonly MigrationFile[],
  edited: ReadonlySet<string>,
): MigrationFile[] {
  const files: MigrationFile[] = [];
  for (const file of folder) {
    const after = files.at(-1)?.migration.stated ?? null;
    const { header } = file.migration;
    const stays = header === null || (!edited.has(file.name) && header.after === after);
    files.push(stays ? file : migrationFile(context, file.name, resealed(file.text, after)));
  }
  return files;
}

function changed({ applied }: Ledger, files: readonly MigrationFile[]): MigrationFile[] {
  const checksums = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  return files.filter(
    ({ name, migration }) => checksums.has(name) && checksums.get(name) !== migration.checksum,
  );
}
