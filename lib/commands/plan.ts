// The effect of db:sync on a target, or of db:generate on the files: as a report, and as a file to approve.

import type { ObjectChange } from '../compare/changes.ts';
import { type Caution, listCautions } from '../compare/impact.ts';
import type { RenameReport } from '../compare/renames.ts';
import { reportRename } from '../compare/renames.ts';
import type { PolicyVerdict } from '../lint/gate.ts';
import { judge } from '../lint/judge.ts';
import { type ComposeOptions, type Composition, compose, readRecordedSchema } from '../migrate/compose.ts';
import type { Finding } from '../migrate/findings.ts';
import {
  type ApprovedPlan,
  digestFolder,
  digestTarget,
  digestWanted,
  type PlanFile,
  writePlan,
} from '../migrate/plan-file.ts';
import type { SoundTargetState } from '../migrate/target-state.ts';
import type { MigrationFile } from '../migration/chain.ts';
import type { Down } from '../migration/text.ts';
import { Problem } from '../problem/problem.ts';
import { redactSql } from '../problem/redact.ts';
import { refuseForeign } from '../project/foreign-migrations.ts';
import { identifyAddress, type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import type { Target } from '../project/world.ts';
import { appliedAt, appliedTo } from './plan-applied.ts';
import { findEffect, type PlanFound } from './plan-effect.ts';
import { sync } from './sync.ts';

/** The options of `db:plan`. */
export interface PlanSyncInput extends ComposeOptions {
  /** The environment to plan for; left out: the files alone are read. */
  readonly env?: string;
  /** Without `env`: the commit whose migrations count as applied. */
  readonly base?: string;
  /** Renamed objects, as `old=new`. */
  readonly rename?: readonly string[];
  /** The path of the file to write, which `db:sync --plan` applies. */
  readonly out?: string;
}

/** One migration of a plan. */
export interface PlannedMigration {
  readonly name: string;
  /** Its path from the project's folder. */
  readonly file: string;
  /** True if it is not written yet. */
  readonly isNew: boolean;
  readonly up: string;
  /** null: there is no way back. */
  readonly down: string | null;
  /** The stamp of the way down; null: it has none. */
  readonly stamp: Down | null;
}

/** The report of `db:plan`. */
export interface PlanReport {
  /** null: the plan was made from the files alone. */
  readonly target: NamedTarget | null;
  /** The changes to the wanted schema, as people count them. */
  readonly changes: readonly ObjectChange[];
  readonly migrations: readonly PlannedMigration[];
  /** The costs of the statements, with the sizes of tables where there is a target. */
  readonly cautions: readonly Caution[];
  /** The rows of the target that statements fail on or change. */
  readonly findings: readonly Finding[];
  /** The statements that lose data. */
  readonly losses: readonly string[];
  /** The statements that the policy warns of. */
  readonly policy: readonly PolicyVerdict[];
  /** The renames. */
  readonly renames: readonly RenameReport[];
  /** Objects that are dropped and added and may be renames. */
  readonly possible: readonly RenameReport[];
  /** The drift of the target, one by one. */
  readonly drift: readonly string[];
  /** Why db:sync refuses; null: it does not. */
  readonly blocked: { readonly code: string; readonly message: string; readonly hint: string } | null;
  /** The written file with its digest; null: none was asked for. */
  readonly out: PlanFile | null;
}

type Planned = Pick<PlanReport, 'cautions' | 'findings' | 'policy' | 'blocked' | 'drift'>;

// Problems of a target that a plan tells of, instead of ending with them.
const telling = new Set([
  'drifted',
  'unrecorded',
  'ledger_broken',
  'rows_in_the_way',
  'missing_roles',
  'missing_tablespaces',
  'missing_versions',
  'unavailable_extensions',
  'newer_syntax',
  'policy_denied',
  'stuck_migration',
]);

/**
 * Plans what `db:sync` would do, and changes nothing but the file that is asked for.
 * @throws Problem of the schema, the migrations, the connection; `bad_option`; `not_generated`,
 * `unwritable_file`
 */
export async function planSync(workspace: Workspace, input: PlanSyncInput = {}): Promise<PlanReport> {
  refuseOptions(workspace, input);
  const { env, out } = input;
  const made = workspace.world.now();
  // New migrations have their names from this moment, also when the plan is applied.
  const fixed = withClock(workspace, made);
  const target = env === undefined ? null : await workspace.world.environment(env);
  const { found, planned } = target === null ? await planFiles(fixed, input) : await planTarget(fixed, input);
  const { composition, pending, state } = found;
  const isOnline = workspace.project.online !== false && input.online !== false;
  const { changes, steps, losses } = await findEffect(workspace, found, isOnline, {
    ...planned,
    target: state === null ? null : target,
  });
  const written = new Set(composition.written.map(({ name }) => name));
  return {
    target: target === null ? null : nameTarget(workspace.project, target),
    changes,
    migrations: pending.map((file) => describeMigration(file, written.has(file.name))),
    ...planned,
    // Those of db:sync have the sizes of tables.
    cautions: state !== null && planned.blocked === null ? planned.cautions : listCautions(steps),
    losses,
    renames: composition.renames.map(reportRename),
    possible: composition.possible.map(reportRename),
    out:
      out === undefined || state === null || target === null
        ? null
        : await keep(workspace, input, {
            made,
            found,
            state,
            target,
          }),
  };
}

function refuseOptions({ project }: Workspace, { env, base, out }: PlanSyncInput): void {
  if (env !== undefined) refuseForeign(project, 'db:plan --env');
  if (env !== undefined && base !== undefined)
    throw new Problem('bad_option', { option: '--base', reason: '--env knows what is applied' });
  if (out !== undefined && env === undefined)
    throw new Problem('bad_option', {
      option: '--out',
      reason: 'a plan to apply needs a target: pass --env',
    });
}

/** The same workspace at a fixed moment. */
export function withClock(workspace: Workspace, moment: Date): Workspace {
  return { ...workspace, world: { ...workspace.world, now: () => moment } };
}

function describeMigration({ name, file, migration }: MigrationFile, isNew: boolean): PlannedMigration {
  const { up, down, header } = migration;
  return {
    name,
    file,
    isNew,
    up: redactSql(up),
    down: down === null ? null : redactSql(down),
    stamp: header?.down ?? null,
  };
}

async function planTarget(
  workspace: Workspace,
  input: PlanSyncInput,
): Promise<{ found: PlanFound; planned: Planned }> {
  let seen: PlanFound | undefined;
  const inspect = (composition: Composition, pending: readonly MigrationFile[], state: SoundTargetState) => {
    seen = { composition, pending, start: state.actual, state };
  };
  try {
    const { cautions, findings, policy } = await sync(
      workspace,
      { ...input, dryRun: true, inspect },
      undefined,
    );
    return { found: seen as PlanFound, planned: { cautions, findings, policy, blocked: null, drift: [] } };
  } catch (thrown) {
    if (!(thrown instanceof Problem) || !telling.has(thrown.code)) throw thrown;
    // Nothing of such a plan can be approved.
    if (input.out !== undefined) throw thrown;
    const { code, message, hint, data } = thrown;
    const drift = code === 'drifted' && 'changes' in data ? (data.changes as readonly string[]) : [];
    const blocked = { code, message, hint };
    const planned = { cautions: [], findings: [], policy: [], blocked, drift };
    if (seen !== undefined) return { found: seen, planned };
    const { found } = await planFiles(workspace, input);
    return { found, planned };
  }
}

async function planFiles(
  workspace: Workspace,
  input: PlanSyncInput,
): Promise<{ found: PlanFound; planned: Planned }> {
  const composition = await compose(workspace, input, { given: input.rename });
  const { folder, files } = composition;
  const applied = await (input.env === undefined
    ? appliedAt(workspace, folder, input.base)
    : appliedTo(workspace, input.env, files));
  const pending = files.filter(({ name }) => !applied.some((file) => file.name === name));
  const start = await readRecordedSchema(workspace, applied);
  const steps = [...composition.steps.values()].flat();
  const planned = { cautions: [], findings: [], drift: [] };
  const found = { composition, pending, start, state: null };
  try {
    const policy = await judge(workspace, { steps, pending });
    return { found, planned: { ...planned, policy, blocked: null } };
  } catch (thrown) {
    if (!(thrown instanceof Problem) || thrown.code !== 'policy_denied') throw thrown;
    const { code, message, hint } = thrown;
    return { found, planned: { ...planned, policy: [], blocked: { code, message, hint } } };
  }
}

interface KeptPlan {
  readonly made: Date;
  readonly found: PlanFound;
  readonly state: SoundTargetState;
  readonly target: Target;
}

async function keep(
  workspace: Workspace,
  { out = '', name, online, rename }: PlanSyncInput,
  { made, found, state, target }: KeptPlan,
): Promise<PlanReport['out']> {
  const { project } = workspace;
  const { composition, pending } = found;
  const plan: ApprovedPlan = {
    made: made.toISOString(),
    tool: project.version,
    options: {
      ...(name !== undefined && { name }),
      ...(online !== undefined && { online }),
      ...(rename !== undefined && { rename }),
    },
    target: {
      environment: target.name,
      address: identifyAddress(project, target),
      ...digestTarget(state),
    },
    schema: digestWanted(composition.wanted),
    folder: digestFolder(composition.folder),
    migrations: pending.map(({ name: own, text }) => ({ name: own, text })),
    removed: composition.removed.map(({ file }) => file),
  };
  return { file: out, digest: await writePlan(project, out, plan) };
}
