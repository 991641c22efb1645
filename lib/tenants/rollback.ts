// `db:rollback` of tenants: all of them go back to the same migration.
import { reportMigration } from '../commands/generate.ts';
import { planRollback, type RollbackInput, undoMigrations } from '../commands/rollback.ts';
import { readPosition } from '../ledger/position.ts';
import { readLedger } from '../ledger/tables.ts';
import { findWrongStamps } from '../migrate/stamps.ts';
import { type MigrationSession, readSoundState, waitForLocks } from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { readVersion } from '../migration/name.ts';
import { snapshot } from '../pg/snapshot.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { checkChain, readMigrations } from '../project/migration-folder.ts';
import { withTarget } from '../project/source.ts';
import type { Workspace } from '../project/workspace.ts';
import { type ProtectedDatabase, refuseProtected } from '../project/write-access.ts';
import { rollbackAgain } from './again.ts';
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
import { atTenant, eachTenant, type OpenTenants, openTenants, withOneAuthor } from './each.ts';
import type { Tenant } from './list.ts';
import { isFailed, makeResult, type TenantResult, type TenantsReport } from './report.ts';
import type { TenantCase } from './worst-case.ts';

/** The options of `db:rollback` of tenants. */
export type TenantsRollbackInput = TenantsChangeInput & Pick<RollbackInput, 'version'>;

/** The report of `db:rollback` of tenants. */
export interface TenantsRollbackReport extends TenantsReport {
  readonly plan: TenantsPlan;
  /** The last migration that stays; null: none does. */
  readonly kept: string | null;
  /** false: it was declined: nothing was changed. */
  readonly done: boolean;
}

/**
 * Undoes migrations in all tenants: the last one that any tenant has, or all after a version. Tenants that
 * are there already stay as they are. Without a version, all tenants must be readable.
 * @throws Problem `bad_tenants`, `bad_option`, `unknown_version`, `nothing_applied`, `broken_chain`,
 * `protected_target`, `data_loss_refused`, `confirmation_needed`; of the connection to the list. What fails
 * in a tenant is in its result
 */
export async function tenantsRollback(
  given: Workspace,
  input: TenantsRollbackInput,
  ask: Ask<TenantsPlan>,
): Promise<TenantsRollbackReport> {
  refuseForeign(given.project, 'db:rollback');
  const workspace = withOneAuthor(given);
  const open = await openTenants(workspace, input);
  const guarded = await guardTenants(workspace, open.place, input);
  const files = await readMigrations(workspace.project);
  checkChain(files);
  const { name: environment } = open.place.target;
  const kept =
    input.version === undefined
      ? await lastKept(workspace, open, files)
      : keptBy(environment, files, input.version);
  const again = rollbackAgain(environment, files[kept - 1]?.name ?? null);
  const change = new TenantsRollback(workspace, { input, files, kept, guarded, again });
  const { plan, results, done } = await changeTenants(workspace, open, change, { input, ask });
  return { environment, tenants: results, plan, kept: files[kept - 1]?.name ?? null, done };
}

// A tenant that cannot be read may be the one that has most: then the migration that stays is not known.
async function lastKept(
  workspace: Workspace,
  { tenants, jobs, place }: OpenTenants,
  files: readonly MigrationFile[],
): Promise<number> {
  let most = 0;
  const read = await eachTenant(workspace, tenants, { jobs }, async (tenant) => {
    const ledger = await withTarget(workspace, tenant.target, (connection) =>
      snapshot(connection, readLedger),
    );
    const { applied, unfinished } = readPosition(ledger, files);
    // One that failed half-way on its way up is not applied, but is the last one.
    most = Math.max(most, unfinished?.direction === 'up' ? applied + 1 : applied);
    return makeResult(workspace, tenant, 'read');
  });
  const unread = read.find(isFailed);
  if (unread !== undefined)
    throw new Problem('bad_option', {
      option: 'version',
      reason:
        `${unread.name} cannot be read (${unread.problem?.message}), ` +
        'so the last migration is not known. Name the migration that stays',
      task: 'db:rollback',
    });
  if (most === 0) throw new Problem('nothing_applied', { environment: place.target.name });
  return Math.max(most - 1, 0);
}

function keptBy(environment: string, files: readonly MigrationFile[], version: string): number {
  if (version === '0') return 0;
  const at = files.findIndex(({ name }) => name === version || readVersion(name) === version);
  if (at >= 0) return at + 1;
  throw new Problem('unknown_version', {
    environment,
    version,
    known: files.map(({ name }) => readVersion(name)),
  });
}

/** The facts that all tenants have in common. */
interface RollbackCommon {
  readonly input: TenantsRollbackInput;
  readonly files: readonly MigrationFile[];
  /** How many migrations stay. */
  readonly kept: number;
  readonly guarded: readonly ProtectedDatabase[];
  readonly again: string;
}

class TenantsRollback implements TenantsChange {
  readonly command = 'db:rollback';
  readonly again: string;
  readonly possible = [];
  readonly migrations: TenantsChange['migrations'];
  readonly #workspace: Workspace;
  readonly #common: RollbackCommon;
  readonly #stamps = new ByPosition<Awaited<ReturnType<typeof findWrongStamps>>>();
  readonly #losses = new ByPosition<string[]>();

  constructor(workspace: Workspace, common: RollbackCommon) {
    this.#workspace = workspace;
    this.#common = common;
    this.again = common.again;
    this.migrations = [...common.files].reverse().map((file) => reportMigration(file, []));
  }

  look(tenant: Tenant, add: (share: TenantCase) => void): Promise<TenantLook> {
    return this.#inSession(tenant, async (session) => {
      const { plan, todo, before } = await this.#plan(session);
      const { applied, unfinished } = before.standing;
      if (plan === null)
        return { ...makeResult(this.#workspace, tenant, 'unchanged', { applied }), todo: null };
      add({ ...plan, ...todo, unfinished: unfinished?.file.name ?? null, finishing: [] });
      const state = unfinished === null ? 'read' : 'half_way';
      return { ...makeResult(this.#workspace, tenant, state, { applied }), todo };
    });
  }

  change(tenant: Tenant, agreed: TenantTodo): Promise<TenantResult> {
    return this.#inSession(tenant, async (session) => {
      const { input, kept } = this.#common;
      const { plan, todo, before } = await this.#plan(session);
      refuseMoved(tenant, agreed, todo);
      if (plan === null)
        return makeResult(this.#workspace, tenant, 'unchanged', { applied: before.standing.applied });
      await undoMigrations(session, before, kept, input);
      const details = todo.migrations.map((name) => `undid ${name}`);
      return makeResult(this.#workspace, tenant, 'changed', { applied: kept, details });
    });
  }

  async #plan(session: MigrationSession) {
    const { kept } = this.#common;
    const before = await readSoundState(session);
    const { applied, unfinished } = before.standing;
    const isThere = applied < kept || (applied === kept && unfinished?.direction !== 'up');
    if (isThere) return { plan: null, before, todo: { migrations: [], losses: [] } };
    const stamps = (from: number, to: number) =>
      this.#stamps.get(to, () => findWrongStamps(session.workspace, session.files, from, to));
    const { plan, losses } = await planRollback(session, before, kept, stamps);
    const migrations = plan.undone.map(({ name }) => name);
    const find = () => losses(false);
    const lost = await (unfinished === null ? this.#losses.get(applied, find) : find());
    return { plan, before, todo: { migrations, losses: lost } };
  }

  #inSession<T>(tenant: Tenant, does: (session: MigrationSession) => Promise<T>): Promise<T> {
    const { files, guarded } = this.#common;
    const workspace = atTenant(this.#workspace, tenant);
    const { target } = tenant;
    return withTarget(workspace, target, async (connection) => {
      await refuseProtected(workspace.project, connection, target, guarded);
      const locks = waitForLocks(workspace, connection, target);
      return does({ workspace, connection, target, files, locks });
    });
  }
}
