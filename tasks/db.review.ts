// The tasks that look at changes: before they run, and afterwards.
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import { loadTenants } from '../lib/runner/load-tenants.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Shadow = string;
type Path = string;

interface Shadowed {
  /** The place of the shadow database: embedded, native, auto or a URL. Default: as configured. */
  shadow?: Shadow;
}

/**
 * Checks schema.sql and the migrations against rules and the policy of the project.
 *
 * It needs no database and changes nothing. It ends with exit code 2 when a finding is denied. Without paths
 * it reads the schema and the migrations of the project.
 * @param paths files, or folders with files: of pgmage, of another tool such as Prisma, Flyway, dbmate, goose
 *   or Sqitch, or plain SQL
 */
export async function lint(
  context: TaskContext,
  paths: Path[] = [],
  options: {
    /**
     * The environment whose tables have the sizes. Without --base, only its pending migrations are read.
     */
    env?: Name;
    /** Leave out the migrations and the findings of this commit, such as origin/main. */
    base?: Name;
    /** End with exit code 2 for warnings, too. */
    strict?: boolean;
    /** Print annotations for GitHub, or a code quality report for GitLab. */
    format?: 'github' | 'gitlab';
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ lint }, { lintAnnotations, lintCodeQuality, lintText }, { createHash }] = await Promise.all([
    import('../lib/commands/lint.ts'),
    import('../lib/report/lint.ts'),
    import('node:crypto'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await lint(workspace, { ...options, paths });
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const code = facts.denied > 0 || (options.strict && facts.warned > 0) ? 2 : 0;
  const { format } = options;
  if (format === 'github') return { facts, text: (paper) => lintAnnotations(facts, paper), code };
  if (format === 'gitlab') return { facts, text: (paper) => lintCodeQuality(facts, digest, paper), code };
  return { facts, text: (paper) => lintText(facts, paper), code };
}

/**
 * Shows what db:sync would do: changes, SQL up and down, hazards with sizes, drift. It changes nothing.
 *
 * With --env it reads that database. Without it, it needs no server: it reads the files alone. With --out it
 * writes a file, which db:sync --plan applies.
 */
export async function plan(
  context: TaskContext,
  options: {
    /** The environment to plan for; default: none, the files alone are read. */
    env?: Name;
    /** Without --env: the commit whose migrations count as applied, such as origin/main. */
    base?: Name;
    /** Print Markdown for a comment, or JSON. Default: text. */
    format?: 'text' | 'markdown' | 'json';
    /** Write the plan to this file, to be approved and applied. */
    out?: Path;
    /** The name of the new migration; default: from its changes. */
    name?: Name;
    /** A renamed object, as old=new: users.name=full_name. */
    rename?: Name[];
    /** Avoid long locks; --no-online: one transaction. Default: as configured, else online. */
    online?: boolean;
    /** End with exit code 2 when there is something to do, or when db:sync would refuse. */
    check?: boolean;
  } & Shadowed = {},
): Promise<Outcome> {
  const [{ planSync }, { planText }, { planMarkdown }] = await Promise.all([
    import('../lib/commands/plan.ts'),
    import('../lib/report/plan.ts'),
    import('../lib/report/plan-markdown.ts'),
  ]);
  await using workspace = makeWorkspace(context, options);
  const facts = await planSync(workspace, options);
  const { migrations, changes, blocked } = facts;
  const code = options.check && (migrations.length + changes.length > 0 || blocked !== null) ? 2 : 0;
  if (options.format === 'json') return { facts, text: () => JSON.stringify(facts, null, 2), code };
  if (options.format === 'markdown') return { facts, text: () => planMarkdown(facts), code };
  return { facts, text: (paper) => planText(facts, paper), code };
}

/** Shows who applied and undid which migration, when, and how long it took. */
export async function history(
  context: TaskContext,
  options: {
    /** The environment to look at; default: the configured one. */
    env?: Name;
    /** Of an environment with tenants: the number that is worked on at once; default: 4. */
    jobs?: number;
  } = {},
): Promise<Outcome> {
  const tenants = await loadTenants(context, options);
  if (tenants !== null) return tenants.history(context, options);
  const [{ history }, { historyText }] = await Promise.all([
    import('../lib/commands/history.ts'),
    import('../lib/report/history.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await history(workspace, options);
  return { facts, text: (paper) => historyText(facts, paper) };
}
