// `pgmage init`: the task with which a project begins.
import { askAboutPlan } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

// The name of these values in --help.
type Name = string;
type Shadow = string;

/**
 * Sets pgmage up in a project: configuration, package scripts and, from its database, the schema and the
 * baseline.
 *
 * It lists the files that it will write, and asks. It keeps existing files, so you can run it again. If the
 * database does not answer, it writes the files and exits with 1.
 */
export default async function init(
  context: TaskContext,
  options: {
    /** The environment whose database is adopted; default: the configured one. */
    env?: Name;
    /** Begin with files alone, and no database. */
    filesOnly?: boolean;
    /** Write an example of a task of your own, too. */
    tasks?: boolean;
    /** Do not ask. */
    yes?: boolean;
    /** The place of the shadow database: embedded, native, auto or a URL. Default: as configured. */
    shadow?: Shadow;
  } = {},
): Promise<Outcome> {
  const [{ init }, { initPlanText, initText }] = await Promise.all([
    import('../lib/commands/init.ts'),
    import('../lib/report/init.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await init(workspace, options, askAboutPlan(context, initPlanText));
  return {
    facts,
    text: (paper) => initText(facts, paper),
    code: facts.done && facts.database?.is !== 'unreachable' ? 0 : 1,
  };
}
