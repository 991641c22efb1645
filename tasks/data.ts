// pgmage's own tasks that compare the rows of two databases, and make them equal.
import { askAboutPlan } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Mask = string;
type Path = string;

interface Comparing {
  /**
   * The environment, or postgres:// URL, whose rows are the wanted ones. Default: data.from of the
   * configuration.
   */
  from?: Name;
  /** The environment, or postgres:// URL, that is compared with it. Default: data.to of the configuration. */
  to?: Name;
  /** Only these tables: users, shop.*. */
  tables?: Name[];
  /** Leave these tables out: log, audit.*. */
  exclude?: Name[];
  /**
   * The value of a column of the source, as table.column=SQL or table.column=@email.
   */
  mask?: Mask[];
  /** Fail where only the source has a table or column. */
  strict?: boolean;
  /** How many sessions read each database. Default: as many as there are processors, at most 4. */
  jobs?: number;
}

interface Changing {
  /** Change so many rows in one transaction, then the next ones. Default: all rows in one transaction. */
  batch?: number;
  /** Go on with the last run in batches, if that was interrupted. */
  resume?: boolean;
  /** Compare all rows, also of tables with since in the configuration. */
  complete?: boolean;
  /** Rows of the target without an old id: count or list. Default: count. */
  unmapped?: 'count' | 'list';
  /** Lock the tables of the target against writers before they are compared. Others can read them. */
  lock?: boolean;
  /** The lines of --log: runs, or rows for a line for each changed row, too. Default: runs. */
  logLevel?: 'runs' | 'rows';
  /** Keep kind and key of each changed row in .pgmage/data-runs: rows or none. Default: none. */
  audit?: 'rows' | 'none';
}

/**
 * Shows which rows differ between two databases: missing in the target, changed, or extra there.
 *
 * pgmage changes neither database, and reads each in one state.
 */
export async function diff(
  context: TaskContext,
  options: {
    /** Show the first 20 rows that differ in each table. */
    rows?: boolean;
    /** Count the changed rows by column. */
    columns?: boolean;
    /** Write all rows that differ to a file, one JSON object on each line. */
    out?: Path;
    /** End with exit code 2 when rows differ. */
    check?: boolean;
  } & Comparing = {},
): Promise<Outcome> {
  const [{ dataDiff }, { dataDiffText }] = await Promise.all([
    import('../lib/commands/data-diff.ts'),
    import('../lib/report/data-diff.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataDiff(workspace, options);
  return { facts, text: (paper) => dataDiffText(facts, paper), code: options.check && !facts.isSame ? 2 : 0 };
}

/**
 * Counts and hashes the rows of every table of two databases, and shows whether they are equal.
 *
 * pgmage changes neither database, and reads each in one state.
 */
export async function verify(
  context: TaskContext,
  options: {
    /** End with exit code 2 instead of 1 when rows differ. */
    check?: boolean;
  } & Comparing = {},
): Promise<Outcome> {
  const [{ dataVerify }, { dataVerifyText }] = await Promise.all([
    import('../lib/commands/data-verify.ts'),
    import('../lib/report/data-diff.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataVerify(workspace, options);
  return {
    facts,
    text: (paper) => dataVerifyText(facts, paper),
    code: facts.isSame ? 0 : options.check ? 2 : 1,
  };
}

/**
 * Finds out which old migration scripts can run again, and proposes a configuration for data:diff.
 *
 * pgmage reads `.sql` files and the SQL in programs of any language. It connects to no database.
 * @param paths files, or folders with files
 */
export async function analyze(
  context: TaskContext,
  paths: Path[],
  options: {
    /** Write the proposed configuration to pgmage.data.ts. */
    write?: boolean;
  } = {},
): Promise<Outcome> {
  const [{ dataAnalyze }, { dataAnalyzeText }] = await Promise.all([
    import('../lib/commands/data-analyze.ts'),
    import('../lib/report/data-analyze.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataAnalyze(workspace.project.root, { paths, ...options });
  return { facts, text: (paper) => dataAnalyzeText(facts, paper) };
}

/**
 * Makes the rows of one database equal to those of another one: new rows are inserted, changed ones
 * overwritten, rows that the source does not have deleted.
 *
 * pgmage shows what differs and asks. It changes the target in one transaction, compares it with the source
 * again, records the run, and commits. After a failure the target is unchanged. With --batch there are many
 * transactions: after a failure whole batches are in the target, and --resume goes on.
 */
export async function sync(
  context: TaskContext,
  options: {
    /** The name of the target, where that is protected. */
    confirm?: Name;
    /** Delete no rows of the target. */
    keepDeleted?: boolean;
    /** How many rows of a table may be deleted: a number, or a part. Default: 10%. */
    maxDeletes?: string;
    /** Fire the triggers of the target: on or off. Default: off. */
    triggers?: 'on' | 'off';
    /** The rows that are compared again: full or changed. Default: full up to 2 GB. */
    validate?: 'full' | 'changed';
    /** Show what differs, and change nothing. */
    dryRun?: boolean;
    /** Append the report as one line of JSON to a file. */
    log?: Path;
    /** Write the migration report to a file, in Markdown. */
    out?: Path;
    /** Do not ask. */
    yes?: boolean;
    /** Go on although many rows are deleted, or foreign keys change other rows. */
    force?: boolean;
  } & Changing &
    Comparing = {},
): Promise<Outcome> {
  const [{ dataSync }, { dataSyncPlanText, dataSyncText, dataSyncMarkdown }] = await Promise.all([
    import('../lib/commands/data-sync.ts'),
    import('../lib/report/data-sync.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const reports = { markdown: dataSyncMarkdown };
  const facts = await dataSync(workspace, { ...options, reports }, askAboutPlan(context, dataSyncPlanText));
  const code = facts.run === null ? (facts.dryRun ? 0 : 1) : facts.run.skipped > 0 ? 2 : 0;
  return { facts, text: (paper) => dataSyncText(facts, paper), code };
}

/**
 * Lists the runs that changed the rows of a database: who, when, how many rows, and what came of it.
 */
export async function history(
  context: TaskContext,
  options: {
    /** The environment; default: the configured one. */
    env?: Name;
    /** The number of runs, from the newest. Default: 20. */
    limit?: number;
  } = {},
): Promise<Outcome> {
  const [{ dataHistory }, { dataHistoryText }] = await Promise.all([
    import('../lib/commands/data-history.ts'),
    import('../lib/report/data-sync.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataHistory(workspace, options);
  return { facts, text: (paper) => dataHistoryText(facts, paper) };
}

/**
 * Takes a run of data:sync back: deleted rows return, changed rows get their old values, new rows are
 * deleted.
 *
 * A row that a session changed after the run stays as it is. pgmage keeps the old rows of the last 7 runs.
 *
 * @param run the first digits of its id, as data:history lists it
 */
export async function undo(
  context: TaskContext,
  run: string,
  options: {
    /** The environment; default: the configured one. */
    env?: Name;
    /** The name of the target, where that is protected. */
    confirm?: Name;
    /** Fire the triggers of the target: on or off. Default: off. */
    triggers?: 'on' | 'off';
    /** Do not ask. */
    yes?: boolean;
    /** Go on although foreign keys change other rows. */
    force?: boolean;
  } = {},
): Promise<Outcome> {
  const [{ dataUndo }, { dataUndoPlanText, dataUndoText }] = await Promise.all([
    import('../lib/commands/data-undo.ts'),
    import('../lib/report/data-sync.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataUndo(workspace, run, options, askAboutPlan(context, dataUndoPlanText));
  const code = facts.tables === null ? 1 : facts.skipped > 0 ? 2 : 0;
  return { facts, text: (paper) => dataUndoText(facts, paper), code };
}
