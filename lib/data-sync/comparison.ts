// Two databases that are compared: both read in one state each, their tables paired, and what cannot be
// compared named.
import { dirname, join } from 'node:path';
import { findCache } from '../config/cache.ts';
import { masksIn } from '../copy/options.ts';
import { adviseDatabase } from '../copy/preflight.ts';
import { findMaskedColumns } from '../flow/masks.ts';
import { makeRowProgress } from '../flow/progress.ts';
import { runJobs } from '../flow/worker-pool.ts';
import { snapshot } from '../pg/snapshot.ts';
import { configFile } from '../problem/config-file.ts';
import { Problem } from '../problem/problem.ts';
import { resolveJobs } from '../project/jobs.ts';
import type { Project } from '../project/project.ts';
import { openServer, type Reachable, resolveEnd } from '../project/source.ts';
import { type NamedTarget, nameTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import { pairTables } from './counterparts.ts';
import type { RowsRead, SessionPair } from './find.ts';
import { checkRows, nameConfigured, needsCheck } from './fit-checks.ts';
import { checkIds } from './ids-checks.ts';
import { readMaskSecret } from './mask-secret.ts';
import { readShape } from './read-shapes.ts';
import { type ReadingCrew, withBothSnapshots } from './sessions.ts';
import type { BothSides, DatabaseShape, PairingNote, TablePair } from './shape.ts';
import { type Spool, withSpools } from './spool.ts';
import { makeWish, type TableChoice } from './wish.ts';

/** The options of every comparison of rows. */
export interface ComparisonInput extends TableChoice {
  /** The environment or URL whose rows are the wanted ones; default: as configured. */
  readonly from?: string;
  /** The environment or URL that is compared with it; default: as configured. */
  readonly to?: string;
  /** Masks of columns, as `table.column=SQL`, in addition to the configured ones. */
  readonly mask?: readonly string[];
  /** Refuse to leave out tables or columns that only the source has. */
  readonly strict?: boolean;
  /** The number of sessions on each database; default: the number of processors, at most 4. */
  readonly jobs?: number;
}

/** Two databases as reports name them. */
export type NamedEnds = BothSides<NamedTarget>;

/** A comparison, while both databases are read. */
export interface RowComparison extends ReadingCrew {
  readonly named: NamedEnds;
  readonly shapes: BothSides<DatabaseShape>;
  /** The tables whose rows can be compared. */
  readonly pairs: readonly TablePair[];
  /** Notes on tables and columns that are not compared as they are. */
  readonly notes: readonly PairingNote[];
  /** Opens a file for rows, which is closed with the comparison. */
  spool(): Promise<Spool>;
}

/**
 * The databases that are compared, by the options or the configuration.
 * @throws Problem `bad_option`; of the configuration
 */
export async function resolveEnds(
  workspace: Workspace,
  input: ComparisonInput,
): Promise<BothSides<Reachable>> {
  const { data } = workspace.project;
  const { from = data?.from, to = data?.to } = input;
  if (from === undefined || to === undefined) {
    const option = from === undefined ? '--from' : '--to';
    const reason =
      'it is missing. Pass both sides, for example --from prod --to staging, or write' +
      ` data: { from: 'prod', to: 'staging' } into ${configFile()}`;
    throw new Problem('bad_option', { option, reason });
  }
  return {
    from: await resolveEnd(workspace, '--from', from),
    to: await resolveEnd(workspace, '--to', to),
  };
}

/**
 * Compares while both databases are read in one state each.
 * @throws Problem `bad_option`, `bad_config`, `bad_mask`, `sync_refused`, `ambiguous_key`, `planned_code`;
 * of the connections, of the work
 */
export async function withComparison<T>(
  workspace: Workspace,
  ends: BothSides<Reachable>,
  input: ComparisonInput,
  work: (comparison: RowComparison) => Promise<T>,
): Promise<T> {
  const { project, world } = workspace;
  const ofBoth = { from: shown(project, ends.from), to: shown(project, ends.to) };
  return withBothSnapshots(world, ends, resolveJobs(input.jobs), async (crew) => {
    const { from, to } = crew.first;
    const [here, there] = await Promise.all([readShape(from), readShape(to)]);
    const shapes = { from: here, to: there };
    if (shapes.from.encoding !== shapes.to.encoding) throw refuseEncodings(ofBoth, shapes);
    const masks = { ...project.masks, ...masksIn(input.mask ?? []) };
    const isMasked = Object.keys(masks).length > 0;
    const folder = await findFolder(project);
    const columns = isMasked
      ? await findMaskedColumns(from, masks, await readMaskSecret(ownFolder(project), folder))
      : [];
    const { pairs, notes } = pairTables(shapes, makeWish(shapes, input, project, columns));
    if (input.strict) refuseLeftOut(ofBoth, notes);
    const compare = async () => {
      await checkIds(to, pairs);
      const { fit, refused } = await fitting(crew.all, pairs);
      const given = { ...crew, named: ofBoth, shapes, pairs: fit, notes: [...notes, ...refused] };
      return withSpools(folder, (spool) => work({ ...given, spool }));
    };
    return compare().catch(async (thrown: unknown) => {
      throw await nameConfigured(ends, pairs, thrown);
    });
  });
}

/**
 * Pairs the tables as a comparison does, without their rows.
 * @throws Problem `bad_option`, `bad_config`; of the connections
 */
export async function listPairs(
  { project }: Workspace,
  ends: BothSides<Reachable>,
  input: ComparisonInput,
): Promise<readonly TablePair[]> {
  const shapeOf = async (end: Reachable) => {
    const connection = await openServer(end);
    try {
      return await snapshot(connection, readShape);
    } finally {
      await connection.close();
    }
  };
  const shapes = { from: await shapeOf(ends.from), to: await shapeOf(ends.to) };
  return pairTables(shapes, makeWish(shapes, input, project, [])).pairs;
}

const ownFolder = ({ root }: Project) => join(root, '.pgmage');

// A comparison works without rights on the folder of the project.
async function findFolder(project: Project): Promise<string> {
  const own = ownFolder(project);
  const cache = await findCache(project.root);
  return dirname(cache) === own ? own : cache;
}

/** A target that was given as a URL has no other name. */
function shown(project: Project, target: Reachable): NamedTarget {
  const { name, ...rest } = nameTarget(project, target);
  return { name: name || rest.address, ...rest };
}

function refuseEncodings(ends: NamedEnds, { from, to }: BothSides<{ readonly encoding: string }>): Problem {
  const faults = [`the source has ${from.encoding}, the target ${to.encoding}`];
  const hint = `Nothing was changed. ${adviseDatabase(from.encoding)};`;
  return new Problem('sync_refused', { source: ends.from.name, target: ends.to.name, faults, hint });
}

function refusal({ from, to }: NamedEnds, faults: readonly string[]): Problem {
  return new Problem('sync_refused', { source: from.name, target: to.name, faults });
}

function refuseLeftOut(ends: NamedEnds, notes: readonly PairingNote[]): void {
  const left = notes.filter(({ isLeftOut, forbids }) => isLeftOut || forbids === 'comparing');
  if (left.length > 0)
    throw refusal(
      ends,
      left.map(({ what, reason }) => `${what}: ${reason}`),
    );
}

async function fitting(
  crew: readonly SessionPair[],
  pairs: readonly TablePair[],
): Promise<{ fit: readonly TablePair[]; refused: readonly PairingNote[] }> {
  const found = new Map<TablePair, readonly PairingNote[]>();
  await runJobs(
    crew,
    pairs.filter(needsCheck).map((pair) => ({
      does: async (sessions: SessionPair) => {
        found.set(pair, await checkRows(sessions, pair));
      },
    })),
  );
  const refused = [...found.values()].flat();
  return { fit: pairs.filter((pair) => (found.get(pair) ?? []).length === 0), refused };
}

/** Reports how many rows of the pairs were compared or hashed. Both sides are counted. */
export function makeRowsReport({ world }: Workspace, pairs: readonly TablePair[], doing: string): RowsRead {
  const tables = pairs.map(({ from, to }) => ({
    name: to.table.name,
    rows: from.table.rows + to.table.rows,
  }));
  const progress = makeRowProgress(world, tables, doing);
  return (pair, rows, all) => progress.told(pair.to.table, rows, all);
}
