// pgmage's own tasks: each is a few lines over one operation.
import { askAboutPlan, askAboutRename } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import { loadTenants } from '../lib/runner/load-tenants.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Source = string;
type Shadow = string;
type Path = string;
type Digest = string;

interface Naming {
  /** The name of the new migration; default: from its changes. */
  name?: string;
  /** A renamed object, as old=new: users.name=full_name. */
  rename?: Name[];
  /**
   * Avoid long locks (build indexes concurrently, validate constraints later); --no-online: one transaction.
   * Default: as configured, else online.
   */
  online?: boolean;
}

interface Confirming {
  /** The name of a protected environment, where --env does not say it. */
  confirm?: Name;
}

interface Changing extends Confirming {
  /** The environment to change; default: the configured one. */
  env?: Name;
  /** Do not ask. */
  yes?: boolean;
  /** Go on although data is lost. */
  force?: boolean;
  /**
   * Milliseconds to wait for a lock before giving way and trying again; 0: for ever. Default: as configured,
   * else 3000.
   */
  lockTimeout?: number;
}

interface Looking {
  /**
   * The environment to look at: a name of pgmage.config.ts or of a dotenv file; default: the configured one.
   */
  env?: Name;
}

interface Tenants {
  /** Of an environment with tenants: the number that is worked on at once; default: 4. */
  jobs?: number;
}

interface ChangingTenants extends Tenants {
  /** Of an environment with tenants: go on with the others after one failed. */
  keepGoing?: boolean;
}

interface Shadowed {
  /** The place of the shadow database: embedded, native, auto or a URL. Default: as configured. */
  shadow?: Shadow;
}

/**
 * Compares the database with schema.sql and lists the differences.
 *
 * It reads both and changes nothing. With --check it is a gate for CI and pre-commit hooks.
 */
export async function status(
  context: TaskContext,
  options: {
    /** End with exit code 2 when it is out of sync. */
    check?: boolean;
    /** Fail when the database holds objects that pgmage does not manage. */
    strict?: boolean;
    /** Print the differences as annotations of a pull request. */
    format?: 'github';
  } & Looking &
    Tenants &
    Shadowed = {},
): Promise<Outcome> {
  const tenants = await loadTenants(context, options);
  if (tenants !== null) return tenants.status(context, options);
  const [{ isSound, status }, { statusText }] = await Promise.all([
    import('../lib/commands/status.ts'),
    import('../lib/report/status.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await status(workspace, options);
  const code = options.check && !isSound(facts) ? 2 : 0;
  if (options.format === undefined) return { facts, text: (paper) => statusText(facts, paper), code };
  const { statusAnnotations } = await import('../lib/report/annotations.ts');
  return { facts, text: (paper) => statusAnnotations(facts, paper), code };
}

/**
 * Shows every difference between two sources, as a readable diff, as SQL or as a plan.
 *
 * A source is a postgres:// URL, the name of an environment, a .sql file, a folder of .sql files,
 * `migrations` or `empty`. Without --from and --to it goes from the environment's database to schema.sql.
 * Changes nothing.
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
    /** A renamed object, as old=new: users.name=full_name. */
    rename?: Name[];
    /** End with exit code 2 when there are differences. */
    check?: boolean;
    /** Fail when one of them holds objects that pgmage does not manage. */
    strict?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ difference }, { differenceText }, { renderScript: scriptOf }] = await Promise.all([
    import('../lib/commands/diff.ts'),
    import('../lib/report/difference.ts'),
    import('../lib/report/script.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await difference(workspace, options);
  const script = () => scriptOf(options.down ? facts.down : facts.up);
  return {
    facts,
    text: (paper) => (options.sql || options.down ? script() : differenceText(facts, paper)),
    code: options.check && facts.changes.length > 0 ? 2 : 0,
  };
}

/**
 * Writes the next migration: from the recorded schema of the migrations to schema.sql.
 *
 * It needs no database. It verifies the migration in the shadow, up and down, before it writes it. A change
 * that cannot run in one transaction becomes several files. Drafts that you wrote are sealed.
 */
export async function generate(
  context: TaskContext,
  options: {
    /** Write a draft to be filled by hand, instead of a migration from the schema. */
    empty?: boolean;
    /** Put migrations of merged branches one behind the other, instead of making one. */
    rebase?: boolean;
  } & Looking &
    Naming &
    Shadowed = {},
): Promise<Outcome> {
  const [{ generate }, { generateText: generationText }] = await Promise.all([
    import('../lib/commands/generate.ts'),
    import('../lib/report/migrations.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await generate(workspace, options, askAboutRename(context));
  return { facts, text: (paper) => generationText(facts, paper) };
}

/**
 * Brings the database to schema.sql with verified migrations.
 *
 * It writes a migration if one is missing, shows it with its costs, asks, applies it and checks the result.
 */
export async function sync(
  context: TaskContext,
  options: {
    /** Only record, without running them, the migrations whose work the database has already. */
    baseline?: boolean;
    /** Print the SQL that would run, and change nothing. */
    dryRun?: boolean;
    /** Write pending migrations again that cannot run in the database; default: asks on a terminal. */
    replace?: boolean;
    /** Apply the plan that db:plan wrote to this file, if nothing has moved since. */
    plan?: Path;
    /** With --plan: the digest that was approved; a plan with another digest is refused. */
    digest?: Digest;
  } & Naming &
    Changing &
    ChangingTenants &
    Shadowed = {},
): Promise<Outcome> {
  const isPlanned = options.plan !== undefined || options.digest !== undefined;
  const tenants = isPlanned ? null : await loadTenants(context, options);
  if (tenants !== null) return tenants.sync(context, options);
  const [{ sync }, { syncPlanText, syncText }] = await Promise.all([
    import('../lib/commands/sync.ts'),
    import('../lib/report/migrations.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const ask = askAboutPlan(context, syncPlanText);
  const facts =
    options.plan === undefined && options.digest === undefined
      ? await sync(workspace, options, ask, askAboutRename(context))
      : await (await import('../lib/commands/sync-plan.ts')).syncPlan(workspace, options.plan, options, ask);
  return {
    facts,
    text: (paper) => syncText(facts, paper),
    code: facts.applied === null && !facts.dryRun ? 1 : 0,
  };
}

/**
 * Undoes the last migration, or all after a version.
 * @param version the last one that stays, as its number or its name; 0 undoes all; default: the one before
 * the last
 */
export async function rollback(
  context: TaskContext,
  version?: string,
  options: Changing & ChangingTenants & Shadowed = {},
): Promise<Outcome> {
  const tenants = await loadTenants(context, options);
  if (tenants !== null) return tenants.rollback(context, { ...options, version });
  const [{ rollback }, { rollbackPlanText, rollbackText }] = await Promise.all([
    import('../lib/commands/rollback.ts'),
    import('../lib/report/migrations.ts'),
  ]);
  const input = { ...options, version };
  await using workspace = makeWorkspace(context, options);
  const facts = await rollback(workspace, input, askAboutPlan(context, rollbackPlanText));
  return { facts, text: () => rollbackText(facts), code: facts.done ? 0 : 1 };
}

/**
 * Checks that files, ledger and database still fit together, and that the migrations lead to schema.sql.
 *
 * Changes nothing but with --repair, which asks before it does. A failed check ends with exit code 1.
 */
export async function verify(
  context: TaskContext,
  options: {
    /** End with exit code 2 instead of 1 when a check fails. */
    check?: boolean;
    /** Check the files of migrations and the queries alone. No database is needed. */
    files?: boolean;
    /** Print the failed checks as annotations of a pull request. */
    format?: 'github';
    /** Accept edits of applied migrations that are nothing but comments and blanks. */
    repair?: boolean;
    /** With --repair: do not ask. */
    yes?: boolean;
    /** With --repair: the name of a protected environment, where --env does not say it. */
    confirm?: Name;
  } & Looking &
    Tenants &
    Shadowed = {},
): Promise<Outcome> {
  if (options.repair) return runRepair(context, options);
  const tenants = options.files ? null : await loadTenants(context, options);
  if (tenants !== null) return tenants.verify(context, options);
  const [{ verify }, { verifyText }] = await Promise.all([
    import('../lib/commands/verify.ts'),
    import('../lib/report/migrations.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await verify(workspace, options);
  const code = facts.sound ? 0 : options.check ? 2 : 1;
  if (options.format === undefined) return { facts, text: (paper) => verifyText(facts, paper), code };
  const { verifyAnnotations } = await import('../lib/report/annotations.ts');
  return { facts, text: (paper) => verifyAnnotations(facts, paper), code };
}

/** `db:verify --repair`: shows which edits would be accepted, asks and accepts them. */
async function runRepair(
  context: TaskContext,
  options: { yes?: boolean } & Confirming & Looking & Shadowed,
): Promise<Outcome> {
  const [{ repair }, { repairPlanText, repairText }] = await Promise.all([
    import('../lib/commands/verify-repair.ts'),
    import('../lib/report/repair.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await repair(workspace, options, askAboutPlan(context, repairPlanText));
  return { facts, text: () => repairText(facts), code: facts.done ? 0 : 1 };
}
