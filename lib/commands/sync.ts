// Brings a database to the wanted schema: writes the migrations that are missing, applies them, and looks
// again.

import { applyRenames, findRenameStatements } from '../compare/apply-renames.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { type Caution, weighSteps } from '../compare/impact.ts';
import { type RenameOptions, type RenameReport, reportRename } from '../compare/renames.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { runMigrations, runsInOneTransaction } from '../ledger/applying.ts';
import { withLock } from '../ledger/lock.ts';
import type { MigrationRun } from '../ledger/migration-batch.ts';
import { prepareLedger } from '../ledger/tables.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { recordBaseline } from '../migrate/baseline.ts';
import { type ComposeOptions, type Composition, compose, readRecordedSchema } from '../migrate/compose.ts';
import { checkRows, type Finding, refuseFailures } from '../migrate/findings.ts';
import { listLosses } from '../migrate/losses.ts';
import { refuseMissingRoles } from '../migrate/missing-roles.ts';
import { refuseNewer } from '../migrate/newer-syntax.ts';
import { isStuck, refuseStacking, toStuck } from '../migrate/replace.ts';
import { finishMigration, listFinishing } from '../migrate/resume.ts';
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
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm, questionOf } from '../project/confirmation.ts';
import { expectedRole } from '../project/expected-role.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { checkUnchanged, listUps, writeComposed } from '../project/migration-folder.ts';
import { type NamedTarget, nameTarget, withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Author } from '../project/world.ts';
import { findProtected, refuseProtected, type WriteNames, writeTarget } from '../project/write-access.ts';
import { type MigrationReport, reportMigration, writeJudged } from './generate.ts';

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
}

/** The report of `db:sync`. */
export interface SyncReport extends SyncPlan {
  /** Names of the migrations that were applied; null: it was declined, or a dry run: nothing was written. */
  readonly applied: readonly string[] | null;
  readonly dryRun: boolean;
  /** Names of those that were only recorded, because the database had their work already. */
  readonly recorded: readonly string[];
}

/**
 * Brings an environment to the wanted schema by its migrations.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `broken_chain`, `ledger_broken`, `drifted`, `data_loss_refused`, `confirmation_needed`,
 * `migration_running`, `migrations_changed`, `not_as_proven`, `no_baseline`, `foreign_migrations`,
 * `hook_failed`, `protected_target`, `embedded_not_named`, `rows_in_the_way`, `missing_roles`,
 * `stuck_migration`, `newer_syntax`, `policy_denied`; of the schema, the migrations, the connection
 */
export async function sync(
  workspace: Workspace,
  input: SyncInput,
  ask: Ask<SyncPlan>,
  choose?: RenameOptions['choose'],
): Promise<SyncReport> {
  const { project, world } = workspace;
  refuseForeign(project, 'db:sync');
  // Found out beside all the rest: to start a program from one that has grown takes long.
  const author = world.author?.();
  const { dryRun = false, baseline = false } = input;
  const replaces = input.replace ?? (questionOf(ask) !== undefined && !input.yes);
  if (dryRun && baseline)
    throw new Problem('bad_option', { option: '--dry-run', reason: '--baseline records migrations' });
  const target = await (dryRun ? world.environment(input.env) : writeTarget(world, input, ask));
  const guarded = dryRun ? [] : findProtected(world, target, input);
  const role = await expectedRole(world, input.env);
  const composing = { given: input.rename, role, choose: input.yes ? undefined : choose };
  const run = async (composition: Composition, reason: string | null) => {
    const { files } = composition;
    const wanted = await readRecordedSchema(workspace, files);
    const work = async (connection: Connection) => {
      await refuseProtected(project, connection, target, await guarded);
      const session = { workspace, connection, target, files };
      return syncIn(session, { composition, wanted, input, author, replaces, reason }, ask);
    };
    return withTarget(workspace, target, work, extensionsOf(wanted));
  };
  const report = await run(await compose(workspace, input, composing), null).catch((thrown: unknown) => {
    if (!isStuck(thrown)) throw thrown;
    const { files, reason } = thrown.data;
    const again = compose(workspace, input, { ...composing, without: files[0] });
    return again.then((composition) => run(composition, reason));
  });
  if (report.applied !== null && report.applied.length > 0) await world.afterSync?.();
  return report;
}

/** The migrations to apply, and how. */
interface SyncWork {
  readonly composition: Composition;
  /** The schema that they add up to. */
  readonly wanted: Catalog;
  readonly input: SyncInput;
  readonly author: Promise<Author> | undefined;
  /** True if pending migrations that cannot run may be written again. */
  readonly replaces: boolean;
  /** Why some are; null: none is. */
  readonly reason: string | null;
}

async function syncIn(session: MigrationSession, work: SyncWork, ask: Ask<SyncPlan>): Promise<SyncReport> {
  const { workspace, connection, target, files } = session;
  const { composition, input, author } = work;
  const write = () => writeJudged(workspace, composition);
  const recorded = input.baseline ? await recordBaseline(session, write) : [];
  const before = await readSoundState(session).catch(async (thrown) => {
    // Another process may have written and applied migrations that are unknown here.
    if (!input.baseline) await checkUnchanged(workspace.project, composition.folder);
    throw thrown;
  });
  const pending = files.slice(before.standing.applied);
  input.inspect?.(composition, pending, before);
  await refuseNewer(connection, target.name, listUps(pending), composition.folder);
  await refuseMissingRoles(connection, target.name, listUps(pending));
  await refuseStuck(session, work, before);
  const effect = await effectOf(session, before, work.wanted);
  const plan = await planOf(session, work, before, effect);
  const { folder } = composition;
  await refuseFailures(target.name, plan.findings, effect.up, { files: listUps(pending), folder }).catch(
    (thrown: unknown) => {
      throw work.replaces ? toStuck(session, composition, thrown) : thrown;
    },
  );
  if (input.dryRun) return { ...plan, applied: null, dryRun: true, recorded };
  const ended = { ...plan, dryRun: false, recorded };
  const isDone = pending.length + composition.removed.length === 0 && plan.unfinished === null;
  if (isDone) return { ...ended, applied: [] };
  const what = `db:sync of ${target.name}`;
  const losses = await lossesOfSync(session, work, before, { ...effect, findings: plan.findings });
  const renames = plan.possible.map(({ option }) => option);
  if (!(await confirm({ what, plan, losses, renames }, input, ask))) return { ...ended, applied: null };
  const of = await prepareRun(session, author);
  // Recorded migrations are already written.
  const rest = input.baseline ? { ...composition, written: [], removed: [] } : composition;
  return { ...ended, applied: await applied(session, of, before, { ...work, composition: rest }) };
}

// New migrations are not put behind one that cannot run: together they may have no effect that shows it.
async function refuseStuck(
  session: MigrationSession,
  { composition, replaces }: SyncWork,
  before: SoundTargetState,
): Promise<void> {
  const { workspace, connection, target } = session;
  const { folder } = composition;
  const { actual, standing } = before;
  const files = session.files.filter(({ name }) => folder.some((file) => file.name === name));
  const isBehind = files.length > standing.applied && files.length < session.files.length;
  if (!isBehind || standing.unfinished !== null) return;
  if (replaces) refuseStacking(session, before, composition);
  const recorded = await readRecordedSchema(workspace, files);
  const { up, left } = await effectOf({ ...session, files }, before, recorded);
  const findings = await checkRows(connection, up, left, { actual, trusted: true });
  const pending = { files: listUps(files.slice(standing.applied)), folder };
  await refuseFailures(target.name, findings, up, pending).catch((thrown: unknown) => {
    throw replaces ? toStuck(session, composition, thrown) : thrown;
  });
}

/** The effects of the pending migrations on a database. */
interface SyncEffect {
  /** The database once what they rename has its new name: that is neither lost nor made. */
  readonly start: Catalog;
  readonly left: Comparison;
  /** The steps from there, as these migrations take them. */
  readonly up: readonly Step[];
}

async function effectOf(
  { workspace, files }: MigrationSession,
  { actual, standing }: SoundTargetState,
  wanted: Catalog,
): Promise<SyncEffect> {
  const pending = files.slice(standing.applied);
  const start = await applyRenames(workspace, actual, await findRenameStatements(listUps(pending)));
  const left = await compareCatalogs(workspace, start, wanted);
  return {
    start,
    left,
    up: pending.every((file) => runsInOneTransaction(file, 'up')) ? left.up : left.online,
  };
}

async function planOf(
  { workspace, connection, target, files }: MigrationSession,
  { composition, reason }: SyncWork,
  { actual, standing }: SoundTargetState,
  { up, left }: SyncEffect,
): Promise<SyncPlan> {
  const pending = files.slice(standing.applied);
  const cautions = await weighSteps(connection, up, left, composition.renames);
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
    finishing: await listFinishing(workspace, files, { standing, actual }),
    cautions,
    findings: await checkRows(connection, up, left, { actual, trusted: true }),
    policy,
  };
}

async function lossesOfSync(
  { workspace, files }: MigrationSession,
  { composition }: SyncWork,
  { actual, standing }: SoundTargetState,
  { up, start, findings }: SyncEffect & Pick<SyncPlan, 'findings'>,
): Promise<string[]> {
  const told = new Set(listLosses(up));
  const more = await findPendingLosses(workspace, files, standing.applied, {
    known: new Set(composition.steps.keys()),
    there: [actual, start],
  });
  return [...listLosses(up, findings), ...more.filter((one) => !told.has(one))];
}

// Everything is read again under the lock: the previous holder may have written and applied the same
// migration.
async function applied(
  session: MigrationSession,
  of: MigrationRun,
  before: SoundTargetState,
  { composition, input }: SyncWork,
): Promise<string[]> {
  const { workspace, connection, target, files } = session;
  return withLock(connection, target.name, async () => {
    const pending = files.slice(before.standing.applied);
    if (input.inspect) input.inspect(composition, pending, await recheckSoundState(session, before));
    await writeComposed(workspace.project, composition);
    const now = await recheckSoundState(session, before);
    await prepareLedger(connection);
    const start = await finishMigration(workspace, of, now, input);
    const chosen = files.slice(start);
    await runMigrations(of, 'up', chosen);
    await confirmReached(workspace, of, files.length);
    return files.slice(now.standing.applied).map(({ name }) => name);
  });
}
