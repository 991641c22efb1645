// pgmage's built-in task that clones a database.
import { askAboutPlan } from '../lib/runner/asking.ts';
import { makeWorkspace, type TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // The name of these values in --help.
type Mask = string;

interface CloneOptions {
  /** The environment, or postgres:// URL, that is read. */
  from?: Name;
  /** The environment, or postgres:// URL, whose content is replaced. */
  to: Name;
  /** Leave owners and privileges to the role that clones. */
  noOwner?: boolean;
  /** The name of the target, where that is protected. */
  confirm?: Name;
  /** Copy only these tables and the objects that they need: users, shop.*. */
  tables?: Name[];
  /** Leave these objects out, and all that needs them: log, view:seen. */
  exclude?: Name[];
  /** Tables that come without their rows. */
  excludeData?: Name[];
  /** No rows at all. */
  schemaOnly?: boolean;
  /** Nothing but rows, where both have the same schema; with --exclude-data: tables that stay as they are. */
  dataOnly?: boolean;
  /** The engine: native (pgmage itself) or pipe (pg_dump). Default: native. */
  engine?: 'native' | 'pipe';
  /**
   * Fill a new database with several sessions, and exchange it for the target, which is kept under
   * another name.
   */
  swap?: boolean;
  /** With --swap: how many sessions on each side. Default: as many as there are processors, at most 4. */
  jobs?: number;
  /** With --swap: keep nothing of the target. Without: drop what earlier swaps kept of it. */
  dropOld?: boolean;
  /** The mask of a column: table.column=SQL or table.column=@email. */
  mask?: Mask[];
  /** Do not ask. */
  yes?: boolean;
  /** Go on although the target holds rows, which are lost, or its disk may be too small. */
  force?: boolean;
}

/**
 * Replaces the content of one database by a verified copy of another one, completely or not at all.
 *
 * pgmage checks both databases first and shows the rows that it will replace. It copies in one transaction on
 * the target, and commits only if schema and content are equal. With --swap it fills a new database instead,
 * which then takes the name of the target. It needs no client tools.
 */
export async function clone(context: TaskContext, options: CloneOptions): Promise<Outcome> {
  if (options.dropOld && !options.swap && options.from === undefined) return dropped(context, options);
  const [{ clone }, { clonePlanText, cloneText }] = await Promise.all([
    import('../lib/commands/clone.ts'),
    import('../lib/report/clone.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await clone(workspace, options, askAboutPlan(context, clonePlanText));
  return { facts, text: (paper) => cloneText(facts, paper), code: facts.done === null ? 1 : 0 };
}

async function dropped(
  context: TaskContext,
  options: { to: Name; confirm?: Name; yes?: boolean },
): Promise<Outcome> {
  const [{ dropOld }, { dropPlanText, dropText }] = await Promise.all([
    import('../lib/commands/clone-drop-old.ts'),
    import('../lib/report/clone.ts'),
  ]);
  await using workspace = makeWorkspace(context);
  const facts = await dropOld(workspace, options, askAboutPlan(context, dropPlanText));
  const code = facts.dropped === null || facts.dropped.length < facts.drops.length ? 1 : 0;
  return { facts, text: (paper) => dropText(facts, paper), code };
}
