// The start of trial runs: the recorded schema, and the ways to get a shadow there.
import { kinds } from '../kinds/index.ts';
import type { MigrationFile } from '../migration/chain.ts';
import { joinSql } from '../migration/pieces.ts';
import { type Catalog, markComplete } from '../model/catalog.ts';
import { isEqual, makeDifference } from '../model/diff.ts';
import { plan } from '../plan/plan.ts';
import { Problem } from '../problem/problem.ts';
import { listUps } from './migration-folder.ts';
import type { TextFile } from './sql-files.ts';

/** Files that a shadow holds before something is done there. */
export interface TrialStart {
  readonly files: readonly TextFile[];
  /** True to run them in their order, as migrations; otherwise in any order that works. */
  readonly inOrder?: boolean;
  /** One after the other with checked bodies, as psql loads them into a database. */
  readonly asPsql?: boolean;
  /** Others, which run after these in their order. */
  readonly next?: readonly TextFile[];
  /** True if `files` are made of the definitions of a database, and are not yet the user's own. */
  readonly ofDatabase?: boolean;
  /** The role that runs `files`; default: the shadow's. */
  readonly role?: string | null;
  /** The exact state that it must reach (`isAlike`); otherwise it cannot be the start. */
  readonly reaches?: Catalog;
}

/**
 * The migrations that new ones follow, and the possible starts of their trial run: the first one that reaches
 * its state.
 */
export interface TrialOrigin {
  readonly base: readonly MigrationFile[];
  readonly starts: readonly [...TrialStart[], TrialStart];
}

/**
 * The origin of migrations to a wanted schema.
 * @param schema the wanted schema's files
 */
export function findTrialOrigin(
  base: readonly MigrationFile[],
  recorded: Catalog,
  schema: readonly TextFile[],
  wanted: Catalog,
): TrialOrigin {
  const near = base.length === 0 ? null : backFrom(schema, wanted, recorded);
  return { base, starts: [...(near === null ? [] : [near]), startAfter(base)] };
}

/** After migrations: their history. */
export function startAfter(files: readonly MigrationFile[]): TrialStart {
  return { files: listUps(files), inOrder: true };
}

// From the wanted schema, which the shadow holds because it has just been read there, back to the recorded
// one, however long the history is.
function backFrom(schema: readonly TextFile[], wanted: Catalog, recorded: Catalog): TrialStart | null {
  try {
    const steps = plan({ difference: makeDifference(markComplete(wanted), recorded, kinds), kinds });
    return {
      files: schema,
      next: [{ file: 'back to what is recorded', text: joinSql(steps) }],
      reaches: recorded,
    };
  } catch (thrown) {
    if (thrown instanceof Problem && thrown.code === 'plan_cycle') return null;
    throw thrown;
  }
}

/** The start after some more migrations. */
export function extendStart(start: TrialStart, files: readonly MigrationFile[]): TrialStart {
  const { reaches: _, ...rest } = start;
  return { ...rest, next: [...(start.next ?? []), ...listUps(files)] };
}

/**
 * True if two states are also equal in parts that are not compared but matter for later statements: which of
 * two equal indexes a foreign key uses, and the unmanaged objects.
 */
export function isAlike(one: Catalog, other: Catalog): boolean {
  const { facts, needs, dies, links, unmanaged } = other;
  return (
    isEqual([...one.unmanaged].sort(), [...unmanaged].sort()) &&
    isEqual(sizesOf(one), sizesOf(other)) &&
    every(one.facts, ([id, { payload }]) => isEqual(payload, facts.get(id)?.payload)) &&
    every(one.needs, ([id, of]) => every(of, ([on, need]) => needs.get(id)?.get(on) === need)) &&
    every(one.dies, ([id, of]) => every(of, (on) => dies.get(id)?.has(on) === true)) &&
    every(one.links, ([edge, id]) => links.get(edge) === id)
  );
}

function sizesOf({ facts, needs, dies, links }: Catalog): number[] {
  let edges = 0;
  for (const of of [...needs.values(), ...dies.values()]) edges += of.size;
  return [facts.size, edges, links.size];
}

// Lists of a hundred thousand dependencies would be made only to be dropped.
function every<T>(all: Iterable<T>, holds: (one: T) => boolean): boolean {
  for (const one of all) if (!holds(one)) return false;
  return true;
}
