// Brings a database of development to the wanted schema without a migration.
import { readCatalog } from '../catalog/read.ts';
import { applyRenames } from '../compare/apply-renames.ts';
import type { ObjectChange } from '../compare/changes.ts';
import { type Comparison, compareCatalogs } from '../compare/compare.ts';
import { type Caution, nameBeforeRenames, weighSteps } from '../compare/impact.ts';
import {
  compareWithRenames,
  type RenameOptions,
  type RenameReport,
  reportRename,
} from '../compare/renames.ts';
import { kinds } from '../kinds/index.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { withLock } from '../ledger/lock.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { refuseFailures } from '../migrate/certain-failures.ts';
import { checkRows, type Finding } from '../migrate/findings.ts';
import { listLosses } from '../migrate/losses.ts';
import { readTargetState } from '../migrate/target-state.ts';
import { isTransactional, joinSql, splitPlan } from '../migration/pieces.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import type { Connection } from '../pg/connection.ts';
import { buildUnpin, pinned } from '../pg/pinned.ts';
import { resolveRoute } from '../pg/route.ts';
import { locateProblem } from '../pg/server-problem.ts';
import { readingSettings, snapshot } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { Problem } from '../problem/problem.ts';
import { type Ask, type Consent, confirm } from '../project/confirmation.ts';
import { applierFor, describeRecording, isOutOfReach } from '../project/foreign-migrations.ts';
import { readMigrations } from '../project/migration-folder.ts';
import { readSource, readSourceFiles, withTarget } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target, World } from '../project/world.ts';
import { findProtected, refuseProtected, type WriteNames, writeTarget } from '../project/write-access.ts';

/** The options of `db:push`. */
export interface PushInput extends Consent, Pick<WriteNames, 'env'> {
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
}

/** The plan of `db:push`. */
export interface PushPlan {
  readonly target: NamedTarget;
  /** The tool that applies the migrations of the project; null: pgmage itself. */
  readonly tool: string | null;
  /** The way to a migration of these changes, when the schema is ready. */
  readonly recording: string;
  readonly changes: readonly ObjectChange[];
  /** The statements, as they may be shown. */
  readonly statements: readonly string[];
  readonly cautions: readonly Caution[];
  /** The rows of the database that these statements fail on or change. */
  readonly findings: readonly Finding[];
  /** Statements that the policy warns of. */
  readonly policy: readonly PolicyVerdict[];
  readonly renames: readonly RenameReport[];
  /** Objects that are dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
}

/** The report of `db:push`. */
export interface PushReport extends PushPlan {
  /** false: it was declined, and nothing was changed. */
  readonly done: boolean;
}

/**
 * Brings an unprotected database to the wanted schema, and writes no migration. It is for a database on this
 * machine; another one has to be named by `env`.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `push_refused`, `protected_target`, `data_loss_refused`, `confirmation_needed`,
 * `rows_in_the_way`, `not_as_proven`, `migration_running`, `policy_denied`; of the schema,
 * the statements, the connection
 */
export async function push(
  workspace: Workspace,
  input: PushInput,
  ask: Ask<PushPlan>,
  choose?: RenameOptions['choose'],
): Promise<PushReport> {
  const { project, world } = workspace;
  const target = await pushTarget(world, input, ask);
  const guarded = findProtected(world, target, input);
  const wanted = await readSource(workspace, project.schema);
  const work = async (connection: Connection) => {
    await refuseProtected(project, connection, target, await guarded).catch((thrown: unknown) =>
      refuseAlias(target, thrown),
    );
    const asking = input.yes ? undefined : choose;
    return withLock(connection, target.name, () =>
      pushIn({ workspace, connection, target, wanted }, input, ask, asking),
    );
  };
  return withTarget(workspace, target, work, extensionsOf(wanted));
}

/** The database of `db:push`. @throws Problem `push_refused`, `protected_target`, `embedded_not_named` */
export async function pushTarget<Plan>(world: World, input: PushInput, ask: Ask<Plan>): Promise<Target> {
  const target = await world.environment(input.env);
  if (target.schemas !== undefined) throw new Problem('tenant_schema', { environment: target.name });
  if (target.protected)
    throw new Problem('push_refused', { environment: target.name, reason: 'it is protected' });
  if (input.env === undefined && !isLocal(target))
    throw new Problem('push_refused', { environment: target.name, reason: 'it is not on this machine' });
  return writeTarget(world, input, ask);
}

// No option lets db:push write to a protected database, by whatever name.
function refuseAlias({ name: environment }: Target, thrown: unknown): never {
  if (!(thrown instanceof Problem) || thrown.code !== 'protected_target') throw thrown;
  const { data } = thrown as Problem<'protected_target'>;
  const reason = `its database is also that of ${data.environment}, which is protected`;
  throw new Problem('push_refused', { environment, reason }, { cause: thrown });
}

function isLocal({ name, url }: Target): boolean {
  if (url === null) return true;
  const { places } = resolveRoute(url, { environment: name });
  return places.every(({ host }) => /^(\/.*|@.*|localhost|127(\.\d+){3}|::1)$/i.test(host));
}

interface PushSession {
  readonly workspace: Workspace;
  readonly connection: Connection;
  readonly target: Target;
  readonly wanted: Catalog;
}

async function pushIn(
  session: PushSession,
  input: PushInput,
  ask: Ask<PushPlan>,
  choose: RenameOptions['choose'],
): Promise<PushReport> {
  const { workspace, connection, target, wanted } = session;
  const actual = await readWithoutPending(session);
  const { comparison, renames, possible } = await compareWithRenames(workspace, actual, wanted, {
    given: input.rename,
    files: await readSourceFiles(workspace, workspace.project.schema),
    choose,
    move: (statements) => applyRenames(workspace, actual, statements),
  });
  const { up } = comparison;
  const cautions = await weighSteps(connection, up, comparison, nameBeforeRenames(renames));
  const plan: PushPlan = {
    target: nameTarget(workspace.project, target),
    tool: workspace.project.layout?.tool ?? null,
    recording: describeRecording(workspace.project, target),
    changes: comparison.changes,
    statements: up.map(({ sql, shown = sql }) => shown),
    cautions,
    findings: await checkRows(connection, up, comparison, { actual, trusted: true }),
    policy: await judge(workspace, { steps: up, cautions, connection }),
    renames: renames.map(reportRename),
    possible: possible.map(reportRename),
  };
  if (up.length === 0) return { ...plan, done: true };
  const files = [{ file: 'db:push', text: joinSql(up) }];
  const run = { files, steps: up, findings: plan.findings };
  const options = plan.possible.map(({ option }) => option);
  await refuseFailures(target.name, [run], { files, folder: [], actual, pushed: true, renames: options });
  const losses = listLosses(up, plan);
  const what = `db:push to ${target.name}`;
  if (!(await confirm({ what, plan, losses, renames: options }, input, ask))) return { ...plan, done: false };
  await apply(session, comparison);
  return { ...plan, done: true };
}

// A pending migration may change rows, which a comparison of schemas does not see. Where their tool cannot
// reach the database, none is pending.
async function readWithoutPending({ workspace, connection, target }: PushSession): Promise<Catalog> {
  const files = await readMigrations(workspace.project);
  if (files.length === 0 || isOutOfReach(workspace.project, target))
    return snapshot(connection, (reader) => readCatalog(reader, kinds));
  const { actual, standing } = await readTargetState(workspace, connection, files);
  const pending = files.slice(standing.applied).map(({ name }) => name);
  const { layout } = workspace.project;
  const applier = { tool: layout?.tool ?? null, command: applierFor(workspace.project, target) };
  if (pending.length > 0)
    throw new Problem('push_pending', { environment: target.name, pending, ...applier });
  return actual;
}

// All in one transaction that is committed when the database is as wanted, where no step needs a commit
// before it.
async function apply(session: PushSession, { up }: Comparison): Promise<void> {
  const { connection, target } = session;
  const pieces = splitPlan(up);
  const isOne = isTransactional(up);
  for (const { steps, transactional } of pieces) {
    if (!transactional) await runSteps(connection, target, steps);
    else
      await transaction(
        connection,
        async () => {
          await runSteps(connection, target, steps);
          if (isOne) await refuseDifferences(session, await readHere(connection));
        },
        `begin; ${buildUnpin('local')}`,
      );
  }
  if (!isOne)
    await refuseDifferences(session, await snapshot(connection, (reader) => readCatalog(reader, kinds)));
}

async function runSteps(connection: Connection, { name }: Target, steps: readonly Step[]): Promise<void> {
  // Bodies may name objects that are created later.
  await connection.execute('set check_function_bodies = off');
  for (const { sql, shown = sql } of steps)
    await connection.execute(sql).catch((thrown: unknown) => {
      if (!(thrown instanceof Problem)) throw thrown;
      throw locateProblem(thrown, { file: `db:push to ${name}`, text: shown, offset: 0 });
    });
}

async function readHere(connection: Connection): Promise<Catalog> {
  await connection.execute(`${pinned}; ${readingSettings}`);
  return readCatalog(connection, kinds);
}

async function refuseDifferences({ workspace, target, wanted }: PushSession, actual: Catalog): Promise<void> {
  const { same, changes } = await compareCatalogs(workspace, actual, wanted);
  if (same) return;
  const left = changes.map(({ text }) => text);
  throw new Problem('not_as_wanted', { environment: target.name, changes: left });
}
