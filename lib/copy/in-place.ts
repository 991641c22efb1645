// Replaces the content of a database by a copy of another one, in one transaction that commits only if both
// are equal.
import { readCatalog } from '../catalog/read.ts';
import { type Digest, digestRelations, listRelations } from '../flow/digest.ts';
import { compareDigests } from '../flow/digest-diff.ts';
import { makeProgress } from '../flow/progress.ts';
import { readSequences, type SequenceValue, setSequences } from '../flow/sequences.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { World } from '../project/world.ts';
import { readCopySet, readSourceSequences } from './copy-set.ts';
import type { CopySet, Engine } from './engines.ts';
import type { CopyEnds } from './preflight.ts';
import { type CopySelection, selectCopyable } from './selection.ts';
import { addStaying, type StayingPart } from './staying.ts';
import {
  compareLargeObjects,
  compareSchemas,
  compareSequences,
  makeEmptyDigests,
  selectDigests,
} from './verify.ts';

/** The copied content. */
export interface CopyReport {
  /** Rows of each table. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly sequences: number;
  readonly largeObjects: number;
  /** Bytes of rows that went over. */
  readonly bytes: number;
  /** Differences that are not errors: materialized views, which their queries fill. */
  readonly notes: readonly string[];
  /** Objects that were left out, with the reason. */
  readonly left: readonly string[];
  /** The number of definitions that the target's server writes differently. */
  readonly reworded: number;
}

/** A copy over what a target holds. */
export interface InPlaceCopy {
  readonly ends: CopyEnds;
  readonly wish: CopySelection;
  readonly engine: Engine;
  /** Another session of the source: what was copied is read again there. */
  readonly reader: ServerConnection;
}

/**
 * Replaces what the target holds. All sessions are in transactions: the source's see one state of the
 * database, the
 * target's is to be committed afterwards.
 * @throws Problem `not_as_source` where what came over is not the same; of the engine, of both connections
 */
export async function copyInPlace(
  world: World,
  { ends, wish, engine, reader }: InPlaceCopy,
): Promise<CopyReport> {
  const { from, to } = ends;
  const [source, target] = [from.connection, to.connection];
  const set = await readCopySet(source, wish);
  const staying = await addStaying(target, set.wanted, to.named.name);
  const cargo: CopySet = { ...set, ...staying };
  const { wanted, tables, objects } = cargo;
  const progress = makeProgress(world, tables);
  const build = await engine(ends, cargo, progress.told);
  const positions = wish.schemaOnly ? [] : await readPositions(ends, staying.stays);
  await setSequences(target, positions);
  // Copying keeps both servers busy, building only the target's: so the source is read again meanwhile.
  const [before, after] = await together(
    async (go) => {
      const list = selectDigests(await listRelations(reader), wanted, tables, { objects, masks: true });
      return [...(await digestRelations(reader, list, go)), ...makeEmptyDigests(cargo.empty, objects)];
    },
    async (go) => {
      world.progress(`Building indexes and constraints in ${to.named.name}`);
      await build(go);
      world.progress(`Comparing ${to.named.name} with ${from.named.name}`);
      const list = selectDigests(await listRelations(target), wanted, tables, {
        objects: true,
        masks: false,
      });
      return digestRelations(target, list, go);
    },
  );
  const found = { before, after, positions, bytes: progress.bytes() };
  return verifyCopy(ends, wish, cargo, found);
}

async function readPositions({ from, to }: CopyEnds, { relations }: StayingPart): Promise<SequenceValue[]> {
  const all = await readSourceSequences(from.connection, to.connection);
  return all.filter(({ name }) => !relations.has(name));
}

/** The digests of both sides, for the comparison. */
export interface CopyResult {
  /** The digests of the source. */
  readonly before: readonly Digest[];
  /** The digests of the target. */
  readonly after: readonly Digest[];
  /** The values that sequences were set to. */
  readonly positions: readonly SequenceValue[];
  /** That went over. */
  readonly bytes: number;
  /** The differences of the schema, if it is not that of the copy set. */
  readonly schema?: ReturnType<typeof compareSchemas>;
}

/**
 * Compares what came over with what was to come. Both sessions are in a transaction.
 * @throws Problem `not_as_source`; of both connections
 */
export async function verifyCopy(
  { from, to }: CopyEnds,
  wish: CopySelection,
  { wanted, tables, objects, left, stays }: CopySet,
  { before, after, positions, bytes, schema }: CopyResult,
): Promise<CopyReport> {
  const [source, target] = [from.connection, to.connection];
  const copied = after.filter(({ name }) => !stays?.relations.has(name));
  const { differences, notes } = compareDigests(before, copied);
  const compared = (catalog: Catalog) => selectCopyable(catalog, whole(wish)).catalog;
  const { wrong, extra, reworded } =
    schema ?? compareSchemas(compared(await readCatalog(target, kinds)), compared(wanted));
  const all = [
    ...wrong,
    ...extra,
    ...differences,
    ...compareSequences(positions, await readSequences(target, new Set(positions.map(({ name }) => name)))),
    ...(objects ? await compareLargeObjects(source, target, wish) : []),
  ];
  if (all.length > 0)
    throw new Problem('not_as_source', { source: from.named.name, target: to.named.name, differences: all });
  const came = new Map(before.map((one) => [`${one.kind} ${one.name}`, one.rows]));
  return {
    tables: tables
      .map(({ name }) => ({ name, rows: came.get(`table ${name}`) ?? 0 }))
      .sort((one, other) => (one.name < other.name ? -1 : 1)),
    sequences: positions.length,
    largeObjects: came.get('large objects ') ?? 0,
    bytes,
    notes: [...(stays?.notes ?? []), ...notes],
    left,
    reworded,
  };
}

// Objects that were left out of the source are not in the target.
const whole = ({ owners, otherVersions }: CopySelection): CopySelection => ({
  owners,
  otherVersions,
  masks: {},
});

// Neither work continues after the other one's failure: statements after a rollback would not be undone. Each
// calls `go` now and then, which throws when the other has failed.
async function together<A, B>(
  one: (go: () => void) => Promise<A>,
  other: (go: () => void) => Promise<B>,
): Promise<[A, B]> {
  let failure: Problem | undefined;
  const go = () => {
    if (failure !== undefined) throw failure;
  };
  const failed = (thrown: unknown): never => {
    failure ??= toProblem(thrown);
    throw failure;
  };
  const [a, b] = await Promise.allSettled([one(go).catch(failed), other(go).catch(failed)]);
  if (a.status === 'rejected') throw toProblem(a.reason);
  if (b.status === 'rejected') throw toProblem(b.reason);
  return [a.value, b.value];
}
