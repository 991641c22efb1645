// The tasks between a database and schema.sql that need no migration at each step.
import { askAboutPlan, askAboutRename } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Source = string;
type Shadow = string;
type Path = string;

interface Shadowed {
  /** The place of the shadow database: embedded, native, auto or a URL. Default: as configured. */
  shadow?: Shadow;
}

/**
 * Writes schema.sql from a database, and verifies that it loads to the same schema.
 */
export async function pull(
  context: TaskContext,
  options: {
    /** The environment whose database is read; default: the configured one. */
    env?: Name;
    /** The source to read, instead of an environment. */
    from?: Source;
    /** The path to write: a .sql file, or a folder; default: the path of the wanted schema. */
    out?: Path;
    /** A folder with a file for each object, instead of one file. */
    split?: boolean;
    /** Overwrite existing files without asking. */
    force?: boolean;
    /** Make it the first migration, and record that in the database as applied. */
    baseline?: boolean;
    /** With --baseline: the name of a protected environment, where --env does not say it. */
    confirm?: Name;
    /** Only write the drift of the database into the schema. */
    drift?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ pull }, { driftText, pullPlanText, pullText }] = await Promise.all([
    import('../lib/commands/pull.ts'),
    import('../lib/report/pull.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  if (options.drift) {
    const { pullDrift: takeDrift } = await import('../lib/commands/pull-drift.ts');
    const facts = await takeDrift(workspace, options);
    return { facts, text: (paper) => driftText(facts, paper), code: facts.done ? 0 : 1 };
  }
  const facts = await pull(workspace, options, askAboutPlan(context, pullPlanText));
  return { facts, text: (paper) => pullText(facts, paper), code: facts.done ? 0 : 1 };
}

/**
 * Brings a development database to schema.sql without a migration.
 *
 * It shows the statements with their costs, asks, runs them and checks the result. It is for an unprotected
 * database on this machine. When the schema is ready, db:generate makes one migration of all changes, and
 * db:sync --baseline records it.
 */
export async function push(
  context: TaskContext,
  options: {
    /** The environment to change; default: the configured one, if its database is on this machine. */
    env?: Name;
    /** A renamed object, as old=new: users.name=full_name. */
    rename?: Name[];
    /** Do not ask. */
    yes?: boolean;
    /** Go on although data is lost. */
    force?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ push }, { pushPlanText, pushText }] = await Promise.all([
    import('../lib/commands/push.ts'),
    import('../lib/report/push.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await push(workspace, options, askAboutPlan(context, pushPlanText), askAboutRename(context));
  return { facts, text: (paper) => pushText(facts, paper), code: facts.done ? 0 : 1 };
}

/**
 * Compares the database with schema.sql again at each save, until Ctrl-C.
 *
 * Errors in schema.sql are shown, and watching goes on. With --push it also brings the database to the
 * schema.
 */
export async function watch(
  context: TaskContext,
  options: {
    /** The environment to compare with; default: the configured one. */
    env?: Name;
    /** Bring an unprotected database on this machine to the schema after each save, without a migration. */
    push?: boolean;
    /** With --push: go on although data is lost. */
    force?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ watch }, { watchEndText, watchText }] = await Promise.all([
    import('../lib/commands/watch.ts'),
    import('../lib/report/push.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await watch(workspace, options, (event) =>
    context.publish?.({ facts: event, text: (paper) => watchText(event, paper) }),
  );
  return { facts, text: () => watchEndText(facts) };
}
