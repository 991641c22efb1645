// pgmage's own task that copies one database over another one.
import { asking } from '../lib/runner/asking.ts';
import type { TaskContext } from '../lib/runner/context.ts';
import type { Outcome } from '../lib/runner/outcome.ts';

type Name = string; // What --help calls the values.
type Mask = string;

/**
 * Replaces what one database holds by what another one holds: all of it, verified, or nothing.
 *
 * Both are looked at first, and what is going to be replaced is shown with its rows. Everything happens in one transaction on
 * the target, which ends only where schema and content were found to be the same; or, with --swap, in a new database that
 * takes its place. Needs no client tools.
 */
export async function clone(
  context: TaskContext,
  options: {
    /** The environment, or postgres:// URL, that is read. */
    from?: Name;
    /** The environment, or postgres:// URL, whose content is replaced. */
    to: Name;
    /** Leave owners and privileges to the role that clones. */
    noOwner?: boolean;
    /** The name of the target, where that is protected. */
    confirm?: Name;
    /** Only these tables, and what they need: users, shop.*. Can be given more than once. */
    tables?: Name[];
    /** Leave these objects out, and all that needs them: log, view:seen. Can be given more than once. */
    exclude?: Name[];
    /** Tables that come without their rows. Can be given more than once. */
    excludeData?: Name[];
    /** No rows at all. */
    schemaOnly?: boolean;
    /** Nothing but rows, where both have the same schema; with --exclude-data: tables that stay as they are. */
    dataOnly?: boolean;
    /** Who carries it over: pgmage itself (native), or pg_dump (pipe). Default: native. */
    engine?: 'native' | 'pipe';
    /** Fill a new database with several sessions, and exchange it for the target, which is kept under another name. */
    swap?: boolean;
    /** With --swap: how many sessions on each side. Default: as many as there are processors, at most 4. */
    jobs?: number;
    /** With --swap: keep nothing of the target. Without: drop what earlier swaps kept of it. */
    dropOld?: boolean;
    /** What stands in the place of a column, as table.column=SQL or table.column=@email. Can be given more than once. */
    mask?: Mask[];
    /** Do not ask. */
    yes?: boolean;
    /** Go on although the target holds rows, which are lost, or its disk may be too small. */
    force?: boolean;
  },
): Promise<Outcome> {
  if (options.dropOld && !options.swap && options.from === undefined) return dropped(context, options);
  const [{ clone }, { clonePlanText, cloneText }] = await Promise.all([
    import('../lib/commands/clone.ts'),
    import('../lib/report/clone.ts'),
  ]);
  const facts = await clone(context, options, asking(context, clonePlanText));
  return { facts, text: (paper) => cloneText(facts, paper), code: facts.done === null ? 1 : 0 };
}

async function dropped(
  context: TaskContext,
  options: { to: Name; confirm?: Name; yes?: boolean; force?: boolean },
): Promise<Outcome> {
  const [{ dropOld }, { dropPlanText, dropText }] = await Promise.all([
    import('../lib/commands/clone-drop-old.ts'),
    import('../lib/report/clone.ts'),
  ]);
  const facts = await dropOld(context, options, asking(context, dropPlanText));
  const code = facts.dropped === null || facts.dropped.length < facts.drops.length ? 1 : 0;
  return { facts, text: (paper) => dropText(facts, paper), code };
}
