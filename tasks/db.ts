// pgmage's own tasks: each is a few lines over one operation.
import type { TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

// What --help calls the values.
type Name = string;
type Source = string;
type Url = string;

/**
 * Shows whether the database is as schema.sql says, and what is missing where.
 *
 * Reads both, changes nothing. With --check it is a gate for CI and pre-commit hooks.
 */
export async function status(
  context: TaskContext,
  options: {
    /** The environment to look at: a name of pgmage.config.ts or of a dotenv file; default: the configured one. */
    env?: Name;
    /** End with exit code 2 when it is out of sync. */
    check?: boolean;
    /** Fail when the database holds objects that pgmage does not manage. */
    strict?: boolean;
    /** URL of a server to make the shadow database on, instead of PostgreSQL inside this process. */
    shadow?: Url;
  } = {},
): Promise<Outcome> {
  const [{ status }, { statusText }] = await Promise.all([
    import('../lib/operations/status.ts'),
    import('../lib/report/status.ts'),
  ]);
  const facts = await status({ ...context, shadow: options.shadow ?? context.shadow }, options);
  return { facts, text: (paper) => statusText(facts, paper), code: options.check && !facts.inSync ? 2 : 0 };
}

/**
 * Shows every difference between two sources, as a readable diff, as SQL or as a plan.
 *
 * A source is a postgres:// URL, the name of an environment, a .sql file, a folder of .sql files, `migrations` or
 * `empty`. Without --from and --to it goes from the environment's database to schema.sql. Changes nothing.
 */
export async function diff(
  context: TaskContext,
  options: {
    /** The source to start from; default: the environment's database. */
    from?: Source;
    /** The source to arrive at; default: the wanted schema. */
    to?: Source;
    /** Start from this environment; instead of --from. */
    env?: Name;
    /** Print the migration from one to the other as SQL. */
    sql?: boolean;
    /** Print the migration back as SQL. */
    down?: boolean;
    /** End with exit code 2 when there are differences. */
    check?: boolean;
    /** Fail when one of them holds objects that pgmage does not manage. */
    strict?: boolean;
    /** URL of a server to make the shadow database on, instead of PostgreSQL inside this process. */
    shadow?: Url;
  } = {},
): Promise<Outcome> {
  const [{ difference }, { differenceText }, { scriptOf }] = await Promise.all([
    import('../lib/operations/difference.ts'),
    import('../lib/report/difference.ts'),
    import('../lib/report/script.ts'),
  ]);
  const facts = await difference({ ...context, shadow: options.shadow ?? context.shadow }, options);
  const script = () => scriptOf(options.down ? facts.down : facts.up);
  return {
    facts,
    text: (paper) => (options.sql || options.down ? script() : differenceText(facts, paper)),
    code: options.check && facts.changes.length > 0 ? 2 : 0,
  };
}
