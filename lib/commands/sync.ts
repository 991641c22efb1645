// Brings a database to the wanted schema: writes the migrations that are missing, applies them, and looks
// again.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { type Caution, weighSteps } from '../compare/impact.ts';
import { type RenameOptions, type RenameReport, reportRename } from '../compare/renames.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { type MigrationRun, runMigrations, runsInOneTransaction } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import { prepareLedger } from '../ledger/tables.ts';
import { recordBaseline } from '../migrate/baseline.ts';
import { type ComposeOptions, type Composition, compose, readRecordedSchema } from '../migrate/compose.ts';
import { checkRows, type Finding, refuseFailures } from '../migrate/findings.ts';
import { listLosses } from '../migrate/losses.ts';
import { refuseNewer } from '../migrate/newer-syntax.ts';
import { finishMigration } from '../migrate/resume.ts';
import { findPendingLosses } from '../migrate/stamps.ts';
import {
  confirmReached,
  prepareRun,
  readSoundState,
  recheckSoundState,
  type SoundTargetState,
} from '../migrate/target-state.ts';
import type { Connection } from '../pg/connection.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { expectedRole } from '../project/expected-role.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { checkUnchanged, listUps, writeComposed } from '../project/migration-folder.ts';
import { type NamedTarget, nameTarget, withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { findProtected, refuseProtected, type WriteNames, writeTarget } from '../project/write-access.ts';
import { type MigrationReport, reportMigration } from './generate.ts';

/** The options of `db:sync`. */
export interface SyncInput extends Consent, ComposeOptions, WriteNames {
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
  /** Record, without running them, the migrations whose work the database has already. */
  readonly baseline?: boolean;
}

/** The plan of `db:sync`. */
export interface SyncPlan {
  readonly target: NamedTarget;
  /** Migrations that are written first. */
  readonly written: readonly string[];
  /** Migrations that are applied, those among them. */
  readonly pending: readonly MigrationReport[];
  /** A migration outside of a transaction that broke off, and is finished first. */
  readonly unfinished: string | null;
  /** The renames. */
  readonly renames: readonly RenameReport[];
  /** Objects that are dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
  /** The costs of the statements. */
  readonly cautions: readonly Caution[];
  /** The rows of the database that these statements fail on or change. */
  readonly findings: readonly Finding[];
}

/** The report of `db:sync`. */
export interface SyncReport extends SyncPlan {
  /** Names of the migrations that were applied; null: it was declined, and nothing was written. */
  readonly applied: readonly string[] | null;
  /** Names of those that were only recorded, because the database had their work already. */
  readonly recorded: readonly string[];
}

/**
 * Brings an environment to the wanted schema by its migrations.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `broken_chain`, `ledger_broken`, `drifted`, `data_loss_refused`, `confirmation_needed`,
 * `migration_running`, `migrations_changed`, `not_as_proven`, `no_baseline`, `foreign_migrations`,
 * `hook_failed`, `protected_target`, `embedded_not_named`, `rows_in_the_way`, `newer_syntax`; of the
 * schema, the migrations, the connection
 */
export async function sync(
  workspace: Workspace,
  input: SyncInput,
  ask: Ask<SyncPlan>,
  choose?: RenameOptions['choose'],
): Promise<SyncReport> {
  refuseForeign(workspace.project, 'db:sync');

  // Found out beside all the rest: to start a program from one that has grown takes long.
  const author = workspace.world.author?.();
  const target = await writeTarget(workspace.world, input, ask);
  const guarded = findProtected(workspace.world, target, input);
  const composition = await compose(workspace, input, {
    given: input.rename,
    role: await expectedRole(workspace.world, input.env),
    choose: input.yes ? undefined : choose,
  });
  const { files, written } = composition;
  const wanted = await readRecordedSchema(workspace, files);
  const work = async (connection: Connection): Promise<SyncReport> => {
    await refuseProtected(workspace.project, connection, target, await guarded);
    const recorded = input.baseline
      ? await recordBaseline(workspace, connection, target, files, () =>
          writeComposed(workspace.project, composition),
        )
      : [];
    const before = await readSoundState(workspace, connection, target, files).catch(async (thrown) => {
      // Another process may have written and applied migrations that are unknown here.
      if (!input.baseline) await checkUnchanged(workspace.project, composition.folder);
      throw thrown;
    });
    const pending = files.slice(before.standing.applied);
    await refuseNewer(connection, target.name, listUps(pending), composition.folder);
    // A renamed object is neither lost nor created.
    const start = await applyRenames(workspace, before.actual, await findRenameStatements(listUps(pending)));
    const left = await compareCatalogs(workspace, start, wanted);
    const up = pending.every((file) => runsInOneTransaction(file, 'up')) ? left.up : left.online;
    const possible = composition.possible.map(reportRename);
    const plan: SyncPlan = {
      target: nameTarget(workspace.project, target),
      written: written.map(({ file }) => file),
      pending: pending.map((file) => reportMigration(file, composition.steps.get(file.name) ?? [])),
      renames: composition.renames.map(reportRename),
      possible,
      unfinished: before.standing.unfinished?.file.name ?? null,
      cautions: await weighSteps(connection, up, left, composition.renames),
      findings: await checkRows(connection, up, left, { actual: before.actual, trusted: true }),
    };
    await refuseFailures(target.name, plan.findings, up, listUps(pending));
    if (pending.length === 0 && plan.unfinished === null) return { ...plan, applied: [], recorded };
    const options = possible.map(({ option }) => option);
    const told = new Set(listLosses(up));
    const more = await findPendingLosses(workspace, files, before.standing.applied, {
      known: new Set(composition.steps.keys()),
      there: [before.actual, start],
    });
    const losses = [...listLosses(up, plan.findings), ...more.filter((one) => !told.has(one))];
    if (!(await confirm(`db:sync of ${target.name}`, plan, losses, input, ask, options)))
      return { ...plan, applied: null, recorded };
    const of = await prepareRun(workspace, connection, target, files, author);
    // Recorded migrations are already written.
    const rest = input.baseline ? { ...composition, written: [] } : composition;
    return { ...plan, applied: await applied(workspace, of, target, before, rest, input), recorded };
  };
  const report = await withTarget(workspace, target, work, extensionsOf(wanted));
  if (report.applied !== null && report.applied.length > 0) await workspace.world.afterSync?.();
  return report;
}

// Everything is read again under the lock: the previous holder may have written and applied the same
// migration.
async function applied(
  workspace: Workspace,
  of: MigrationRun,
  target: Target,
  before: SoundTargetState,
  composition: Composition,
  consent: Consent,
): Promise<string[]> {
  const { connection, files } = of;
  return withLock(connection, target.name, async () => {
    await writeComposed(workspace.project, composition);
    const now = await recheckSoundState(workspace, connection, target, files, before);
    await prepareLedger(connection);
    const start = await finishMigration(workspace, of, now, consent);
    const chosen = files.slice(start);
    await runMigrations(of, 'up', chosen);
    await confirmReached(workspace, of, files.length);
    return files.slice(now.standing.applied).map(({ name }) => name);
  });
}
