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
 * the target, which ends only where schema and content were found to be the same. Needs no client tools.
 */
export async function clone(
  context: TaskContext,
  options: {
    /** The environment, or postgres:// URL, that is read. */
    from: Name;
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
    /** Who carries it over: pgmage itself (native), or pg_dump (pipe). Default: native. */
    engine?: 'native' | 'pipe';
    /** What stands in the place of a column, as table.column=SQL or table.column=@email. Can be given more than once. */
    mask?: Mask[];
    /** Do not ask. */
    yes?: boolean;
    /** Go on although the target holds rows, which are lost. */
    force?: boolean;
  },
): Promise<Outcome> {
  const [{ clone }, { clonePlanText, cloneText }] = await Promise.all([
    import('../lib/operations/clone.ts'),
    import('../lib/report/clone.ts'),
  ]);
  const facts = await clone(context, options, asking(context, clonePlanText));
  return { facts, text: (paper) => cloneText(facts, paper), code: facts.done === null ? 1 : 0 };
}
