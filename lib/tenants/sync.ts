// `db:sync` of tenants. The wanted schema, the migrations and their trial run are made once for all.
import { type MigrationReport, reportMigration } from '../commands/generate.ts';
import {
  applyToTarget,
  listSyncLosses,
  lookAtTarget,
  type SyncInput,
  type SyncLook,
  type SyncWork,
} from '../commands/sync-target.ts';
import { type RenameOptions, type RenameReport, reportRename } from '../compare/renames.ts';
import { extensionsOf } from '../kinds/named-objects.ts';
import { type Composition, compose, readRecordedSchema } from '../migrate/compose.ts';
import { refuseUnfit } from '../migrate/schema-fit.ts';
import { type MigrationSession, waitForLocks } from '../migrate/target-state.ts';
import type { TrialRun } from '../migrate/trial-run.ts';
import type { Catalog } from '../model/catalog.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import { roleOf } from '../project/expected-role.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { writeComposed } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { type ProtectedDatabase, refuseProtected } from '../project/write-access.ts';
import { syncAgain } from './again.ts';
import { ByPosition } from './by-position.ts';
import {
  changeTenants,
  guardTenants,
  refuseMoved,
  type TenantLook,
  type TenantsChange,
  type TenantsChangeInput,
  type TenantsPlan,
  type TenantTodo,
} from './change.ts';
import { asTenant, atTenant, openTenants, withOneAuthor } from './each.ts';
import type { Tenant } from './list.ts';
import { isFailed, makeResult, type TenantResult, type TenantsReport } from './report.ts';
import type { TenantCase } from './worst-case.ts';

/** The options of `db:sync` of tenants: those of one database, and how many are worked on. */
export type TenantsSyncInput = TenantsChangeInput & Omit<SyncInput, 'inspect' | 'replace'>;

/** The report of `db:sync` of tenants. */
export interface TenantsSyncReport extends TenantsReport {
  readonly plan: TenantsPlan;
  /** Files of migrations that were written. */
  readonly written: readonly string[];
  readonly dryRun: boolean;
  /** false: it was declined, or a dry run: nothing was changed. */
  readonly done: boolean;
}

/**
 * Brings all tenants of an environment to the wanted schema: the canary first, then the others.
 * @param choose asks which objects were renamed; left out without a terminal
 * @throws Problem `bad_tenants`, `bad_option`, `protected_target`, `data_loss_refused`,
 * `confirmation_needed`, `outside_schema`, `unclear_schema`;
 * of the schema, the migrations and the connection to the list. What fails in a tenant
 * is in its result
 */
export async function tenantsSync(
  given: Workspace,
  input: TenantsSyncInput,
  ask: Ask<TenantsPlan>,
  choose?: RenameOptions['choose'],
): Promise<TenantsSyncReport> {
  refuseForeign(given.project, 'db:sync');
  const { dryRun = false, baseline = false } = input;
  if (dryRun && baseline)
    throw new Problem('bad_option', { option: '--dry-run', reason: '--baseline records migrations' });
  const workspace = withOneAuthor(given);
  const open = await openTenants(workspace, input);
  const guarded = dryRun ? [] : await guardTenants(workspace, open.place, input);
  const first = asTenant(workspace, open.tenants[0] as Tenant);
  const renaming = { given: input.rename, choose: input.yes ? undefined : choose };
  const role = roleOf((open.tenants[0] as Tenant).target);
  const composition = await compose(first, input, { ...renaming, role });
  const wanted = await readRecordedSchema(first, composition.files);
  await refuseUnfit(workspace, (open.tenants[0] as Tenant).target, wanted);
  const { name: environment } = open.place.target;
  const again = syncAgain(environment);
  const run = new TenantsSync(workspace, { input, composition, wanted, guarded, again });
  const { plan, results, done } = await changeTenants(workspace, open, run, { input, ask, isTrial: dryRun });
  // As for one database: not after a failure, and not where migrations were only recorded.
  const isWhole = results.every((one) => !isFailed(one) && one.state !== 'not_begun');
  if (done && isWhole && plan.changing > 0) await workspace.world.afterSync?.();
  const written = dryRun || run.isWritten ? composition.written.map(({ file }) => file) : [];
  return { environment, tenants: results, plan, written, dryRun, done };
}

/** The facts that all tenants have in common. */
interface Common {
  readonly input: TenantsSyncInput;
  readonly composition: Composition;
  readonly wanted: Catalog;
  readonly guarded: readonly ProtectedDatabase[];
  readonly again: string;
}

class TenantsSync implements TenantsChange {
  readonly command = 'db:sync';
  readonly again: string;
  readonly migrations: readonly MigrationReport[];
  readonly possible: readonly RenameReport[];
  /** True once the new migrations are in the folder. */
  isWritten = false;
  readonly #workspace: Workspace;
  readonly #common: Common;
  readonly #losses = new ByPosition<string[]>();
  readonly #trials = new ByPosition<TrialRun>(2);

  constructor(workspace: Workspace, common: Common) {
    this.#workspace = workspace;
    this.#common = common;
    this.again = common.again;
    const { files, steps, possible } = common.composition;
    this.migrations = files.map((file) => reportMigration(file, steps.get(file.name) ?? []));
    this.possible = possible.map(reportRename);
  }

  async begin(): Promise<void> {
    if (!this.isWritten) await writeComposed(this.#workspace.project, this.#common.composition);
    this.isWritten = true;
  }

  look(tenant: Tenant, add: (share: TenantCase) => void): Promise<TenantLook> {
    return this.#inSession(tenant, async (session, work) => {
      const look = await lookAtTarget(session, work);
      if (work.input.baseline) this.isWritten = true;
      const { plan, recorded } = look;
      const applied = look.before.standing.applied;
      const details = recorded.map((name) => `recorded ${name}`);
      if (look.isDone)
        return {
          ...makeResult(this.#workspace, tenant, recorded.length > 0 ? 'changed' : 'in_sync', {
            applied,
            details,
          }),
          todo: null,
        };
      const todo = await this.#todoOf(session, work, look);
      const { unfinished } = plan;
      add({ ...plan, ...todo });
      const state = unfinished === null ? 'behind' : 'half_way';
      const found = { applied, pending: todo.migrations, details };
      return { ...makeResult(this.#workspace, tenant, state, found), todo };
    });
  }

  change(tenant: Tenant, agreed: TenantTodo): Promise<TenantResult> {
    return this.#inSession(tenant, async (session, work) => {
      const look = await lookAtTarget(session, { ...work, input: { ...work.input, baseline: false } });
      refuseMoved(tenant, agreed, await this.#todoOf(session, work, look));
      const names = look.isDone ? [] : await applyToTarget(session, work, look);
      const details = names.map((name) => `applied ${name}`);
      // One whose way down failed half-way is finished, and no name says so.
      const isChanged = names.length > 0 || look.plan.unfinished !== null;
      return makeResult(this.#workspace, tenant, isChanged ? 'changed' : 'in_sync', {
        applied: session.files.length,
        details,
      });
    });
  }

  // The statements that lose data stand here without counts, which change while it is asked.
  async #todoOf(session: MigrationSession, work: SyncWork, look: SyncLook): Promise<TenantTodo> {
    const { applied, unfinished } = look.before.standing;
    const find = () => listSyncLosses(session, work, look);
    return {
      migrations: look.plan.pending.map(({ name }) => name),
      losses: await (unfinished === null ? this.#losses.get(applied, find) : find()),
    };
  }

  #inSession<T>(tenant: Tenant, does: (session: MigrationSession, work: SyncWork) => Promise<T>): Promise<T> {
    const { input, composition, wanted, guarded } = this.#common;
    const { files } = composition;
    const workspace = atTenant(this.#workspace, tenant);
    const { target } = tenant;
    return withTarget(
      workspace,
      target,
      async (connection) => {
        await refuseProtected(workspace.project, connection, target, guarded);
        const session = {
          workspace,
          connection,
          target,
          files,
          trials: this.#trials,
          ...(!input.dryRun && { locks: waitForLocks(workspace, connection, target) }),
        };
        const now = this.isWritten
          ? { ...composition, folder: files, written: [], removed: [] }
          : composition;
        const author = workspace.world.author?.();
        return does(session, { composition: now, wanted, input, author, replaces: null, reason: null });
      },
      extensionsOf(wanted),
    );
  }
}
