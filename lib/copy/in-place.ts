// All that a database holds is replaced by what another one holds: in one transaction, which ends only where both are the
// same.
import { readCatalog } from '../catalog/read.ts';
import { type Digest, digestRelations, listRelations } from '../flow/digest.ts';
import { compareDigests } from '../flow/digest-diff.ts';
import { makeProgress } from '../flow/progress.ts';
import { readSequences, type SequenceValue, setSequences } from '../flow/sequences.ts';
import { kinds } from '../kinds/index.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { Problem, toProblem } from '../problem/problem.ts';
import type { World } from '../project/world.ts';
import { readCopySet, readSourceSequences } from './copy-set.ts';
import type { CopySet, Engine } from './engines.ts';
import type { CopyEnds } from './preflight.ts';
import { type CopySelection, selectCopyable } from './selection.ts';
import {
  compareLargeObjects,
  compareSchemas,
  compareSequences,
  makeEmptyDigests,
  selectDigests,
} from './verify.ts';

/** What came over. */
export interface CopyReport {
  /** Rows of each table. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly sequences: number;
  readonly largeObjects: number;
  /** Bytes of rows that went over. */
  readonly bytes: number;
  /** What differs although nothing is wrong: materialized views, which are filled by their queries. */
  readonly notes: readonly string[];
  /** What was left out, with the reason. */
  readonly left: readonly string[];
  /** How many definitions the target's server tells in other words than the source's. */
  readonly reworded: number;
}

/**
 * Replaces what the target holds. All sessions are in transactions: the source's see one state of the database, the
 * target's is to be committed afterwards.
 * @param reader another session of the source: what was copied is read again there
 * @throws Problem `not_as_source` where what came over is not the same; of the engine, of both connections
 */
export async function copyInPlace(
  world: World,
  ends: CopyEnds,
  wish: CopySelection,
  engine: Engine,
  reader: ServerConnection,
): Promise<CopyReport> {
  const { from, to } = ends;
  const [source, target] = [from.connection, to.connection];
  const cargo = await readCopySet(source, wish);
  const { wanted, tables, objects } = cargo;
  const progress = makeProgress(world, tables);
  const build = await engine(ends, cargo, progress.told);
  const positions = wish.schemaOnly ? [] : await readSourceSequences(source, target);
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

/** What was read of both sides, and what is left to compare. */
export interface CopyResult {
  /** Of the source. */
  readonly before: readonly Digest[];
  /** Of the target. */
  readonly after: readonly Digest[];
  /** Where sequences were set. */
  readonly positions: readonly SequenceValue[];
  /** That went over. */
  readonly bytes: number;
}

/**
 * Compares what came over with what was to come. Both sessions are in a transaction.
 * @param schema what was found of the schema, where it is not that of the cargo
 * @throws Problem `not_as_source`; of both connections
 */
export async function verifyCopy(
  { from, to }: CopyEnds,
  wish: CopySelection,
  { wanted, tables, objects, left }: CopySet,
  { before, after, positions, bytes }: CopyResult,
  schema?: ReturnType<typeof compareSchemas>,
): Promise<CopyReport> {
  const [source, target] = [from.connection, to.connection];
  const { differences, notes } = compareDigests(before, after);
  const reached = async () => selectCopyable(await readCatalog(target, kinds), whole(wish)).catalog;
  const { wrong, extra, reworded } = schema ?? compareSchemas(await reached(), wanted);
  const all = [
    ...wrong,
    ...extra,
    ...differences,
    ...compareSequences(positions, await readSequences(target)),
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
    notes,
    left,
    reworded,
  };
}

// What was left out of the source is not there to be left out.
const whole = ({ owners, otherVersions }: CopySelection): CopySelection => ({
  owners,
  otherVersions,
  masks: {},
});

// Neither goes on alone behind the other's failure: what is sent after a rollback would not be undone. Each calls `go` now
// and then, which ends it when the other has failed.
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
