// Applies a plan that was approved: exactly that, or nothing.
import {
  type ApprovedPlan,
  digestFiles,
  digestFolder,
  digestTarget,
  readPlan,
} from '../migrate/plan-file.ts';
import { Problem } from '../problem/problem.ts';
import type { Ask } from '../project/confirmation.ts';
import { identifyAddress, readSourceFiles } from '../project/source.ts';
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
export type SyncPlanInput = Omit<SyncInput, 'inspect'>;

/**
 * Applies a plan of `db:plan --out`. It makes the migrations again and compares them with those of the plan.
 * @param path the path of the plan's file
 * @throws Problem `bad_plan`, `plan_moved`, `bad_option`, and those of `db:sync`
 */
export async function syncPlan(
  workspace: Workspace,
  path: string,
  input: SyncPlanInput,
  ask: Ask<SyncPlan>,
): Promise<SyncReport> {
  const { project, world } = workspace;
  for (const [name, option] of Object.entries(fixedOptions))
    if (input[name as keyof typeof fixedOptions] !== undefined)
      throw new Problem('bad_option', { option, reason: 'the plan of --plan fixes it' });
  const plan = await readPlan(project, path);
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
  const schema = digestFiles(await readSourceFiles(workspace, project.schema));
  refuse(schema === plan.schema ? [] : ['the schema files changed']);
  const inspect = makeInspector(plan, refuse);
  const fixed = withClock(workspace, new Date(plan.made));
  // Nothing else of the file may stand for what the command line says.
  const { name, online, rename } = plan.options;
  const options = {
    ...(name !== undefined && { name }),
    ...(online !== undefined && { online }),
    ...(rename !== undefined && { rename }),
  };
  return sync(fixed, { ...input, ...options, replace: false, inspect }, ask);
}

// Called before anything is written or asked, and again under the lock.
function makeInspector(
  plan: ApprovedPlan,
  refuse: (moved: readonly string[]) => void,
): NonNullable<SyncInput['inspect']> {
  return (composition, pending, state) => {
    const { schema, ledger } = digestTarget(state);
    const texts = pending.map(({ name, text }) => ({ name, text }));
    refuse([
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
