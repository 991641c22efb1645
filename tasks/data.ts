// pgmage's own tasks that compare the rows of two databases.
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
   * The value of a column of the source, as table.column=SQL or table.column=@email. Can be given more than
   * once.
   */
  mask?: Mask[];
  /** Fail where only the source has a table or column. */
  strict?: boolean;
  /** End with exit code 2 when rows differ. */
  check?: boolean;
  /** How many sessions read each database. Default: as many as there are processors, at most 4. */
  jobs?: number;
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
export async function verify(context: TaskContext, options: Comparing = {}): Promise<Outcome> {
  const [{ dataVerify }, { dataVerifyText }] = await Promise.all([
    import('../lib/commands/data-verify.ts'),
    import('../lib/report/data-diff.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dataVerify(workspace, options);
  return {
    facts,
    text: (paper) => dataVerifyText(facts, paper),
    code: options.check && !facts.isSame ? 2 : 0,
  };
}

/**
 * Reads old migration scripts: which can run again, and a configuration for data:diff that replaces them.
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
