// One session of `db:sync` on a target: it looks, and then applies the migrations.

import { type Caution, weighSteps } from '../compare/impact.ts';
import { type RenameReport, reportRename } from '../compare/renames.ts';
import { runMigrations } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import type { MigrationRun } from '../ledger/migration-batch.ts';
import { prepareLedger } from '../ledger/tables.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { recordBaseline } from '../migrate/baseline.ts';
import type { ComposeOptions, Composition } from '../migrate/compose.ts';
import { checkRows, type Finding } from '../migrate/findings.ts';
import { refuseLacking } from '../migrate/lacking.ts';
import { listAllLosses } from '../migrate/loss-sizes.ts';
import type { LossCounts } from '../migrate/losses.ts';
import type { PlanFile } from '../migrate/plan-file.ts';
import { nameBefore } from '../migrate/renamed-paths.ts';
import { adviseRepair } from '../migrate/replace.ts';
import { finishMigration, listFinishing } from '../migrate/resume.ts';
import { refuseOutside, refuseUnclear } from '../migrate/schema-fit.ts';
import { refuseStates, refuseUnshared } from '../migrate/shared-extensions.ts';
import { findPendingLosses } from '../migrate/stamps.ts';
import {
  confirmReached,
  type MigrationSession,
  prepareRun,
  readSoundState,
  recheckSoundState,
  type SoundTargetState,
} from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Consent } from '../project/confirmation.ts';
import { checkUnchanged, listDowns, listUps, writeComposed } from '../project/migration-folder.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Author, World } from '../project/world.ts';
import type { WriteNames } from '../project/write-access.ts';
import { type MigrationReport, reportMigration, writeJudged } from './generate.ts';
import { effectOf, refuseRows, refuseStuck, type SyncEffect } from './sync-rows.ts';

/** The options of `db:sync`. */
export interface SyncInput extends Consent, ComposeOptions, WriteNames {
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
  /** Record, without running them, the migrations whose work the database has already. */
  readonly baseline?: boolean;
  /** Show what would run, and change nothing. */
  readonly dryRun?: boolean;
  /** Write pending migrations again that cannot run. Default: where the plan is asked about. */
  readonly replace?: boolean;
  /** Is called with what was found, before anything is written, and again under the lock; a throw refuses. */
  readonly inspect?: (found: Composition, pending: readonly MigrationFile[], state: SoundTargetState) => void;
}

/** The plan of `db:sync`. */
export interface SyncPlan {
  readonly target: NamedTarget;
  /** Migrations that are written first. */
  readonly written: readonly string[];
  /** The pending migrations that these replace, and why; null: they replace none. */
  readonly replaced: { readonly files: readonly string[]; readonly reason: string } | null;
  /** Migrations that are applied, those among them. */
  readonly pending: readonly MigrationReport[];
  /** A migration outside of a transaction that broke off, and is finished first. */
  readonly unfinished: string | null;
  /** The SQL that finishes it. */
  readonly finishing: readonly string[];
  /** The renames. */
  readonly renames: readonly RenameReport[];
  /** Objects that are dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
  /** The costs of the statements. */
  readonly cautions: readonly Caution[];
  /** The rows of the database that these statements fail on or change. */
  readonly findings: readonly Finding[];
  /** Statements that the policy warns of. */
  readonly policy: readonly PolicyVerdict[];
  /** The file of `--plan`; left out: it is not an approved plan. */
  readonly approved?: PlanFile;
}

/** The migrations to apply, and how. */
export interface SyncWork {
  readonly composition: Composition;
  /** The schema that they add up to. */
  readonly wanted: Catalog;
  readonly input: SyncInput;
  readonly author: Promise<Author> | undefined;
  /** True if pending migrations that cannot run may be written again; null: the command never does. */
  readonly replaces: boolean | null;
  /** Why some are; null: none is. */
  readonly reason: string | null;
}

/** A target that was looked at, and what the migrations do to it. */
export interface SyncLook {
  readonly plan: SyncPlan;
  readonly before: SoundTargetState;
  readonly effect: SyncEffect;
  /** Names of the migrations that were only recorded, by `baseline`. */
  readonly recorded: readonly string[];
  /** True if there is nothing to do. */
  readonly isDone: boolean;
}

/**
 * Looks at a target: what would be done there, and whether it can be done. Only `baseline` writes.
 * @throws Problem `ledger_broken`, `drifted`, `unrecorded`, `no_baseline`, `newer_syntax`, `missing_roles`,
 * `missing_tablespaces`, `missing_versions`, `unavailable_extensions`, `stuck_migration`,
 * `rows_in_the_way`, `policy_denied`, `migrations_changed`, `outside_schema`, `unclear_schema`,
 * `external_changed`, `missing_extensions`, `misplaced_extensions`, `missing_external`, `unsafe_schema`
 */
export async function lookAtTarget(session: MigrationSession, work: SyncWork): Promise<SyncLook> {
  const { workspace, connection, files } = session;
  const { composition, input } = work;
  const write = () => writeJudged(workspace, composition);
  refuseOutside(connection, work.wanted);
  const last = await refuseUnshared(workspace.project, connection, work.wanted);
  const recorded = input.baseline ? await recordBaseline(session, write) : [];
  const before = await readSoundState(session).catch(async (thrown) => {
    // Another process may have written and applied migrations that are unknown here.
    if (!input.baseline) await checkUnchanged(workspace.project, composition.folder);
    throw thrown;
  });
  const pending = files.slice(before.standing.applied);
  input.inspect?.(composition, pending, before);
  // This includes a migration that broke off on its way down: it does not count as applied.
  // The last state is the wanted schema.
  const states = await refuseStates(session, before.standing.applied, files.length - 1);
  const ways = [...listUps(pending), ...listDowns(pending)];
  await refuseUnclear(workspace.project, connection, ways, new Set([...states, ...last]));
  await refuseLacking(session, work, pending);
  await refuseStuck(session, work, before);
  const effect = await effectOf(session, before, work.wanted);
  const plan = await planOf(session, work, before, effect);
  await refuseRows(session, work, before, { ...effect, findings: plan.findings });
  const isDone = pending.length + composition.removed.length === 0 && plan.unfinished === null;
  return { plan, before, effect, recorded, isDone };
}

async function planOf(
  { workspace, connection, target, files, locks }: MigrationSession,
  { composition, reason }: SyncWork,
  { actual, standing }: SoundTargetState,
  { up, left, renames }: SyncEffect,
): Promise<SyncPlan> {
  const pending = files.slice(standing.applied);
  const cautions = await weighSteps(connection, up, left, nameBefore(renames));
  const steps = [...composition.steps.values()].flat();
  const policy = await judge(workspace, { steps: up, written: steps, cautions, pending, connection });
  // Other databases get a new migration, too, so it is judged as db:generate does.
  await judge(workspace, { steps, pending: composition.written });
  return {
    target: nameTarget(workspace.project, target),
    written: composition.written.map(({ file }) => file),
    replaced: reason === null ? null : { files: composition.removed.map(({ file }) => file), reason },
    pending: pending.map((file) => reportMigration(file, composition.steps.get(file.name) ?? [])),
    renames: composition.renames.map(reportRename),
    possible: composition.possible.map(reportRename),
    unfinished: standing.unfinished?.file.name ?? null,
    finishing: await listFinishing(workspace, files, { standing, actual, schemas: connection.schemas }),
    cautions,
    findings: await checkRows(connection, up, left, { actual, trusted: true, locks, renames }),
    policy,
  };
}

/**
 * The statements of the pending migrations that lose data, for display.
 * @param counts left out: the statements stand without rows
 */
export async function listSyncLosses(
  { workspace, connection, files }: MigrationSession,
  { composition }: SyncWork,
  { before: { actual, standing }, effect: { up, start } }: SyncLook,
  counts?: LossCounts,
): Promise<string[]> {
  const others = await findPendingLosses(workspace, files, standing.applied, {
    known: new Set(composition.steps.keys()),
    there: [actual, start],
  });
  const pending = listUps(files.slice(standing.applied));
  return listAllLosses(connection, { steps: up, others, files: pending }, actual, counts);
}

/**
 * Applies the migrations. Everything is read again under the lock: the previous holder may have written and
 * applied the same migration.
 * @returns names of the migrations that were applied
 * @throws Problem `migration_running`, `migrations_changed`, `not_as_proven`, `data_loss_refused`; of the
 * statements
 */
export async function applyToTarget(
  session: MigrationSession,
  work: SyncWork,
  { before }: SyncLook,
): Promise<string[]> {
  const { workspace, connection, target, files } = session;
  const { input } = work;
  const of: MigrationRun = await prepareRun(session, work.author);
  // Recorded migrations are already written.
  const composition = input.baseline ? { ...work.composition, written: [], removed: [] } : work.composition;
  return withLock(connection, target.name, async () => {
    const pending = files.slice(before.standing.applied);
    if (input.inspect) input.inspect(composition, pending, await recheckSoundState(session, before));
    await writeComposed(workspace.project, composition);
    const forget = tellKept(workspace.world, composition.written);
    try {
      const now = await recheckSoundState(session, before);
      await prepareLedger(connection);
      const start = await finishMigration(workspace, of, now, input);
      const chosen = files.slice(start);
      await runMigrations(of, 'up', chosen).catch(async (thrown: unknown) => {
        throw await adviseRepair(work, thrown);
      });
      await confirmReached(workspace, of, files.length);
      return files.slice(now.standing.applied).map(({ name }) => name);
    } finally {
      forget?.();
    }
  });
}

// After an interrupt the files that were written are there.
function tellKept({ onInterrupt }: World, written: readonly MigrationFile[]): (() => void) | undefined {
  if (written.length === 0) return undefined;
  const files = written.map(({ file }) => file).join(', ');
  return onInterrupt?.(async () => `Written and kept: ${files}. db:sync applies what is not applied yet.`);
}
