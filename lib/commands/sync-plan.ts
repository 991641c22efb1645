// Applies a plan that was approved: exactly that, or nothing.
import type { Composition } from '../migrate/compose.ts';
import {
  type ApprovedPlan,
  digestFolder,
  digestLedger,
  digestTarget,
  digestWanted,
  type KeptOptions,
  type PlanFile,
  readPlan,
} from '../migrate/plan-file.ts';
import type { SoundTargetState } from '../migrate/target-state.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import { identifyAddress } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import { withClock } from './plan.ts';
import { type SyncInput, type SyncPlan, type SyncReport, sync } from './sync.ts';

/** The options that a plan fixes, by their flags. */
const fixedOptions = {
  name: '--name',
  online: '--online',
  rename: '--rename',
  baseline: '--baseline',
  replace: '--replace',
} as const;

/** The options of `db:sync --plan`: those of `db:sync`, of which the plan fixes some. */
export interface SyncPlanInput extends Omit<SyncInput, 'inspect'> {
  /** The digest of the plan that was approved: any other plan is refused. Left out: the file is trusted. */
  readonly digest?: string;
}

/**
 * Applies a plan of `db:plan --out`. It makes the migrations again and compares them with those of the plan.
 * @param path the path of the plan's file; undefined is refused: `--digest` is given without it
 * @throws Problem `bad_plan`, `plan_moved`, `bad_option`, and those of `db:sync`
 */
export async function syncPlan(
  workspace: Workspace,
  path: string | undefined,
  input: SyncPlanInput,
  ask: Ask<SyncPlan>,
): Promise<SyncReport> {
  const { project, world } = workspace;
  if (path === undefined)
    throw new Problem('bad_option', { option: '--digest', reason: 'it belongs to --plan, which is missing' });
  for (const [name, option] of Object.entries(fixedOptions))
    if (input[name as keyof typeof fixedOptions] !== undefined)
      throw new Problem('bad_option', { option, reason: 'the plan of --plan fixes it' });
  const { plan, from } = await readPlan(project, path, input.digest);
  const target = await world.environment(input.env);
  const { environment, address } = plan.target;
  if (target.name !== environment) {
    const reason = `the plan is for ${environment}: pass --env ${environment}`;
    throw new Problem('bad_option', { option: '--plan', reason });
  }
  const refuse = (moved: readonly string[]) => {
    if (moved.length > 0) throw new Problem('plan_moved', { file: path, environment, moved });
  };
  const now = identifyAddress(project, target);
  refuse(now === address ? [] : [`${environment} leads to ${now} instead of ${address}`]);
  const inspect = makeInspector(plan, refuse);
  const fixed = withClock(workspace, new Date(plan.made));
  const fixedInput = { ...input, ...pickOptions(plan.options), replace: false, inspect };
  return { ...(await sync(fixed, fixedInput, naming(ask, from))), approved: from };
}

// Nothing else of the file may stand for what the command line says.
const pickOptions = ({ name, online, rename }: KeptOptions): KeptOptions => ({
  ...(name !== undefined && { name }),
  ...(online !== undefined && { online }),
  ...(rename !== undefined && { rename }),
});

// The question shows which plan it is.
function naming(ask: Ask<SyncPlan>, approved: PlanFile): Ask<SyncPlan> {
  const named =
    <T>(tell: (plan: SyncPlan) => T) =>
    (plan: SyncPlan) =>
      tell({ ...plan, approved });
  if (typeof ask !== 'object') return ask && named(ask);
  return { show: named((plan) => ask.show(plan)), ask: ask.ask && named(ask.ask) };
}

// True if the target is as the plan found it, and after that exactly the plan's migrations were applied. The
// files before these equal the ledger's, and the schema has no drift: the state is sound.
function isAppliedAlone(
  plan: ApprovedPlan,
  { wanted, files }: Composition,
  state: SoundTargetState,
): boolean {
  const { ledger, standing } = state;
  const count = plan.migrations.length;
  const before = files.length - count;
  const isComplete = standing.applied === files.length && standing.unfinished === null;
  if (count === 0 || before < 0 || !isComplete) return false;
  const own = files.slice(before).map(({ name, text }) => ({ name, text }));
  const earlier = { ...ledger, applied: ledger.applied.slice(0, before) };
  return (
    JSON.stringify(own) === JSON.stringify(plan.migrations) &&
    digestLedger(earlier, { applied: before, unfinished: null }) === plan.target.ledger &&
    digestWanted(wanted) === plan.schema
  );
}

// Called before anything is written or asked, and again under the lock.
function makeInspector(
  plan: ApprovedPlan,
  refuse: (moved: readonly string[]) => void,
): NonNullable<SyncInput['inspect']> {
  return (composition, pending, state) => {
    const { schema, ledger } = digestTarget(state);
    const texts = pending.map(({ name, text }) => ({ name, text }));
    // A job that runs again finds its own work, which is neither a change nor a reason for a new approval.
    if (isAppliedAlone(plan, composition, state)) return;
    const applied = new Set(state.ledger.applied.map(({ name }) => name));
    const isApplied = plan.migrations.length > 0 && plan.migrations.every(({ name }) => applied.has(name));
    refuse([
      ...(isApplied ? ['its migrations are applied already, and it is not all that changed'] : []),
      ...(digestWanted(composition.wanted) === plan.schema ? [] : ['the wanted schema changed']),
      ...(schema === plan.target.schema ? [] : ['the schema of the target changed']),
      ...(ledger === plan.target.ledger ? [] : ['other migrations are applied to the target']),
      ...(digestFolder(composition.folder) === plan.folder ? [] : ['the folder of migrations changed']),
    ]);
    const isSame =
      JSON.stringify(texts) === JSON.stringify(plan.migrations) &&
      JSON.stringify(composition.removed.map(({ file }) => file)) === JSON.stringify(plan.removed);
    refuse(isSame ? [] : ['the migrations are no longer those of the plan']);
  };
}
