// pgmage's own tasks that compare the rows of two databases.
import { type TaskContext, workspaceOf } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // What --help calls the values.

/**
 * Shows which rows differ between two databases: missing in the target, changed, or extra there.
 *
 * pgmage changes nothing. It reads each database in one state.
 */
export async function diff(
  context: TaskContext,
  options: {
    /** The environment, or postgres:// URL, whose rows are the wanted ones. */
    from?: Name;
    /** The environment, or postgres:// URL, that is compared with it. */
    to?: Name;
    /** End with exit code 2 when rows differ. */
    check?: boolean;
    /** How many sessions read each database. Default: as many as there are processors, at most 4. */
    jobs?: number;
  } = {},
): Promise<Outcome> {
  const [{ dataDiff }, { dataDiffText }] = await Promise.all([
    import('../lib/commands/data-diff.ts'),
    import('../lib/report/data-diff.ts'),
  ]);
  await using workspace = workspaceOf(context);
  const facts = await dataDiff(workspace, options);
  return { facts, text: (paper) => dataDiffText(facts, paper), code: options.check && !facts.isSame ? 2 : 0 };
}
