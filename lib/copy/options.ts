// The options of a clone: its content, its engine and its sessions.
import { chooseClient, findClients } from '../flow/client.ts';
import type { Masks } from '../flow/masks.ts';
import { Problem } from '../problem/problem.ts';
import type { Consent } from '../project/confirmation.ts';
import type { Project } from '../project/project.ts';
import type { Workspace } from '../project/workspace.ts';
import { type Engine, makePipeEngine, nativeEngine } from './engines.ts';
import type { CopySelection } from './selection.ts';

/** The options of `db:clone`. */
export interface CloneInput extends Consent {
  /** The environment or URL that is read. */
  readonly from?: string;
  /** The environment or URL whose content is replaced. */
  readonly to?: string;
  /** Leave owners and privileges to the role that clones. */
  readonly noOwner?: boolean;
  /** The name of the target, where that is protected. */
  readonly confirm?: string;
  /** Only these tables, and the objects that they need; `*` matches any characters. */
  readonly tables?: readonly string[];
  /** Objects that are left out, with all that needs them. */
  readonly exclude?: readonly string[];
  /** Tables that come without their rows. */
  readonly excludeData?: readonly string[];
  /** No rows at all. */
  readonly schemaOnly?: boolean;
  /**
   * Nothing but rows, for a target of the same schema, which keeps it; `excludeData`: tables that stay as
   * they are.
   */
  readonly dataOnly?: boolean;
  /**
   * The engine; default: pgmage itself. `pipe`: pg_dump of the client tools, which copies whole databases
   * only.
   */
  readonly engine?: 'native' | 'pipe';
  /**
   * Fill a new database with several sessions, and exchange it for the target, which is kept under another
   * name.
   */
  readonly swap?: boolean;
  /** The number of sessions on each side; default: the number of processors, at most 4. */
  readonly jobs?: number;
  /** Drop the target, and what earlier swaps kept of it, instead of keeping it. */
  readonly dropOld?: boolean;
  /** Masks of columns, as `table.column=SQL`, in addition to the configured ones. */
  readonly mask?: readonly string[];
}

/** The engine of a clone. */
export interface EngineChoice {
  /** `pgmage`, or `pg_dump 15.18`. */
  readonly name: string;
  /** True if a program reads the source in addition to our sessions. */
  readonly beside: boolean;
  /** @param url of the source */
  engine(url: string): Engine;
}

/** Refuses options that do not go together. @throws Problem `bad_option` */
export function checkOptions(project: Project, input: CloneInput): void {
  const useless = (['jobs', 'dropOld'] as const).find((name) => input[name] !== undefined && !input.swap);
  if (useless !== undefined)
    throw new Problem('bad_option', {
      option: useless === 'jobs' ? '--jobs' : '--drop-old',
      reason: 'it needs --swap',
    });
  if (input.engine === 'pipe' && input.swap)
    throw new Problem('bad_option', {
      option: '--engine',
      reason: '--swap needs the engine native',
    });
  if (input.dataOnly && (input.schemaOnly || input.swap || input.exclude || input.engine === 'pipe'))
    throw new Problem('bad_option', {
      option: '--data-only',
      reason: 'it needs the engine native, and excludes --schema-only, --swap and --exclude',
    });
  const { tables, exclude, mask = [] } = input;
  if (input.engine !== 'pipe') return;
  if (tables || exclude || mask.length + Object.keys(project.masks ?? {}).length > 0)
    throw new Problem('bad_option', {
      option: '--engine',
      reason: 'pipe copies whole databases: it excludes masks, --tables and --exclude',
    });
}

/**
 * The requested engine; default: pgmage itself, which supports all options and needs no client tools.
 * @throws Problem `no_client`
 */
export async function chooseEngine(
  workspace: Workspace,
  { engine }: Pick<CloneInput, 'engine'>,
  major: number,
): Promise<EngineChoice> {
  if (engine !== 'pipe') return { name: 'pgmage', beside: false, engine: () => nativeEngine };
  const client = chooseClient(await findClients(), major);
  const stopping = new AbortController();
  workspace.world.onInterrupt?.(async () => stopping.abort());
  return {
    name: `pg_dump ${client.version}`,
    beside: true,
    engine: (url) =>
      makePipeEngine(client, { url, stallTimeout: workspace.project.stallTimeout }, stopping.signal),
  };
}

/**
 * The requested content of the copy.
 * @throws Problem `bad_mask`
 */
export function readSelection(
  project: Project,
  input: CloneInput,
  { otherVersions, path }: Required<Pick<CopySelection, 'otherVersions' | 'path'>>,
): CopySelection {
  const { tables, exclude, excludeData, schemaOnly = false, dataOnly = false } = input;
  const { noOwner = false, mask = [] } = input;
  return {
    owners: !noOwner,
    otherVersions,
    path,
    ...(tables && { tables }),
    ...(exclude && { exclude }),
    ...(excludeData && { excludeData }),
    schemaOnly,
    dataOnly,
    masks: { ...project.masks, ...masksIn(mask) },
  };
}

/** Masks of options, as `table.column=SQL`. @throws Problem `bad_mask` */
export function masksIn(given: readonly string[]): Masks {
  return Object.fromEntries(
    given.map((one) => {
      const middle = one.indexOf('=');
      if (middle < 1) throw new Problem('bad_mask', { mask: one, reason: 'it has no value after =' });
      return [one.slice(0, middle).trim(), one.slice(middle + 1).trim()];
    }),
  );
}
