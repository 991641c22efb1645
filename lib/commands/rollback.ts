// Takes migrations back: the last one, or all after a version.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { compareCatalogs } from '../compare/compare.ts';
import { type Caution, weighSteps } from '../compare/impact.ts';
import { runMigrations, runsInOneTransaction } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { readRecordedSchema } from '../migrate/compose.ts';
import { checkRows, type Finding } from '../migrate/findings.ts';
import { listAllLosses } from '../migrate/loss-sizes.ts';
import { refuseNewer } from '../migrate/newer-syntax.ts';
import { nameBefore } from '../migrate/renamed-paths.ts';
import { finishMigration } from '../migrate/resume.ts';
import { refuseUnclear } from '../migrate/schema-fit.ts';
import { refuseStates } from '../migrate/shared-extensions.ts';
import { findRollbackLosses, findWrongStamps } from '../migrate/stamps.ts';
import {
  confirmReached,
  type MigrationSession,
  prepareRun,
  readSoundState,
  recheckSoundState,
  type SoundTargetState,
  type TargetState,
  waitForLocks,
} from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { readVersion } from '../migration/name.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { checkChain, listDowns, readMigrations } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { findProtected, refuseProtected, type WriteNames, writeTarget } from '../project/write-access.ts';
import { type MigrationReport, reportMigration } from './generate.ts';

/** The options of `db:rollback`. */
export interface RollbackInput extends Consent, WriteNames {
  /**
   * The version, or name, that is to be the last one applied; `0` for none; default: the one before the last.
   */
  readonly version?: string | undefined;
}

/** The migrations to undo. */
export interface RollbackPlan {
  readonly target: NamedTarget;
  /** From the last one. */
  readonly undone: readonly MigrationReport[];
  readonly cautions: readonly Caution[];
  /** The rows of the database that a statement fails on or changes. */
  readonly findings: readonly Finding[];
  /** Statements that the policy warns of. */
  readonly policy: readonly PolicyVerdict[];
}

/** The undone migrations. */
export interface RollbackReport extends RollbackPlan {
  /** false: it was declined. */
  readonly done: boolean;
}

/**
 * Undoes applied migrations from the last one; one that broke off half-way is the last.
 * @throws Problem `nothing_applied`, `unknown_version`, `no_way_back`, `broken_chain`, `ledger_broken`,
 * `drifted`, `data_loss_refused`, `confirmation_needed`, `migration_running`, `not_as_proven`,
 * `protected_target`, `embedded_not_named`, `policy_denied`
 */
export async function rollback(
  workspace: Workspace,
  input: RollbackInput,
  ask: Ask<RollbackPlan>,
): Promise<RollbackReport> {
  const { project, world } = workspace;
  refuseForeign(project, 'db:rollback');
  const target = await writeTarget(world, input, ask);
  const guarded = findProtected(world, target, input);
  const files = await readMigrations(project);
  checkChain(files);
  return withTarget(workspace, target, async (connection) => {
    await refuseProtected(project, connection, target, await guarded);
    const locks = waitForLocks(workspace, connection, target);
    const session = { workspace, connection, target, files, locks };
    const before = await readSoundState(session);
    const kept = keptCount(files, before, target, input.version);
    const { plan, losses } = await planRollback(session, before, kept);
    if (plan.undone.length === 0) return { ...plan, done: true };
    const what = `db:rollback of ${target.name}`;
    if (!(await confirm({ what, plan, losses: await losses() }, input, ask))) return { ...plan, done: false };
    await undoMigrations(session, before, kept, input);
    return { ...plan, done: true };
  });
}

/**
 * Undoes the migrations after the first so many, in a target that was looked at.
 * @throws Problem `migration_running`, `not_as_proven`, `data_loss_refused`; of the statements
 */
export async function undoMigrations(
  session: MigrationSession,
  before: SoundTargetState,
  kept: number,
  input: Consent,
): Promise<void> {
  const { workspace, connection, target, files } = session;
  const of = await prepareRun(session);
  await withLock(connection, target.name, async () => {
    const now = await recheckSoundState(session, before);
    const applied = await finishMigration(workspace, of, now, { ...input, towards: 'down' });
    await runMigrations(of, 'down', files.slice(kept, applied).reverse());
    await confirmReached(workspace, of, kept);
  });
}

/**
 * Plans how the migrations after the first so many are undone, and lists what that loses.
 * @param stamps finds wrong stamps of the files between two places
 * @throws Problem `no_way_back`, `newer_syntax`, `unclear_schema`; of the shadow and the connection
 */
export async function planRollback(
  { workspace, connection, target, files, locks }: MigrationSession,
  before: SoundTargetState,
  kept: number,
  stamps = (from: number, to: number) => findWrongStamps(workspace, files, from, to),
): Promise<{ plan: RollbackPlan; losses(isCounted?: boolean): Promise<string[]> }> {
  const { actual, standing } = before;
  const chosen = files.slice(kept, standing.applied).reverse();
  // A migration that failed on its way up has no row in the ledger, but is the last one.
  const broken = brokenOff(before);
  for (const { name, migration } of chosen) refuse(name, migration);
  const most = standing.applied + broken.length;
  const shared = await refuseStates({ workspace, connection, files }, kept, most);
  const ways = listDowns(chosen);
  await refuseUnclear(workspace.project, connection, ways, shared);
  await refuseNewer(connection, target.name, ways, files);
  const renames = await findRenameStatements(ways);
  const start = await applyRenames(workspace, actual, renames);
  const end = await readRecordedSchema(workspace, files.slice(0, kept));
  const left = await compareCatalogs(workspace, start, end);
  const up =
    broken.length === 0 && chosen.every((file) => runsInOneTransaction(file, 'down')) ? left.up : left.online;
  const wrong = await stamps(kept, standing.applied);
  const undone = [...broken, ...chosen].map((file) =>
    restamped(reportMigration(file, []), wrong.get(file.name)),
  );
  const cautions = await weighSteps(connection, up, left, nameBefore(renames));
  const run = { pending: chosen, direction: 'down', connection } as const;
  const policy = await judge(workspace, { steps: up, cautions, ...run });
  const findings = await checkRows(connection, up, left, { actual, trusted: true, locks, renames });
  const losses = async (isCounted = true) => {
    const others = await findRollbackLosses(workspace, files, [kept, standing.applied], [actual, start]);
    const counts = isCounted ? { findings, cautions } : undefined;
    return listAllLosses(connection, { steps: up, others, files: ways }, actual, counts);
  };
  const named = nameTarget(workspace.project, target);
  return { plan: { target: named, undone, cautions, findings, policy }, losses };
}

// A stamp of an older version is not trusted.
function restamped(report: MigrationReport, lost: readonly string[] | undefined): MigrationReport {
  return lost === undefined ? report : { ...report, down: { is: 'lossy', what: lost.join('; ') } };
}

function brokenOff({ standing: { unfinished } }: TargetState): MigrationFile[] {
  return unfinished?.direction === 'up' ? [unfinished.file] : [];
}

function refuse(name: string, { header, down }: MigrationFile['migration']): void {
  const why =
    header?.down.is === 'impossible' ? header.down.why : down === null ? 'it has no way down' : undefined;
  if (why !== undefined) throw new Problem('no_way_back', { migration: name, why });
}

function keptCount(
  files: readonly MigrationFile[],
  situation: TargetState,
  { name: environment }: Target,
  version: string | undefined,
): number {
  const applied = files.slice(0, situation.standing.applied);
  const broken = brokenOff(situation).length;
  if (applied.length + broken === 0) throw new Problem('nothing_applied', { environment });
  if (version === undefined) return applied.length + broken - 1;
  if (version === '0') return 0;
  const at = applied.findIndex(({ name }) => name === version || readVersion(name) === version);
  if (at >= 0) return at + 1;
  const known = applied.map(({ name }) => readVersion(name));
  throw new Problem('unknown_version', { environment, version, known });
}
