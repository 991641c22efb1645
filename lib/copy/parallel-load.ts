// Fills a new database, which no other session uses, in several sessions that all read one state of the
// source.

import { readCatalog } from '../catalog/read.ts';
import { readOwners } from '../flow/as-owner.ts';
import { type Digest, type DigestRelation, digestRelation, listRelations } from '../flow/digest.ts';
import { copyLargeObjects } from '../flow/large-objects.ts';
import { makeProgress } from '../flow/progress.ts';
import { splitTables } from '../flow/ranges.ts';
import { readOwnerWrittenTables } from '../flow/row-writing.ts';
import { setSequences } from '../flow/sequences.ts';
import { copyTables } from '../flow/tables.ts';
import { type Job, runJobs } from '../flow/worker-pool.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { tableId } from '../kinds/named-objects.ts';
import { type Catalog, getRoot } from '../model/catalog.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { pinned } from '../pg/pinned.ts';
import { snapshot } from '../pg/snapshot.ts';
import { transaction } from '../pg/transaction.ts';
import { withPath } from '../pg/user-path.ts';
import { planAroundRows } from '../plan/around-data.ts';
import { type PlanBatch, splitIntoBatches } from '../plan/parallel-batches.ts';
import type { World } from '../project/world.ts';
import { planClearing, replacingSession, setIndexMemory } from './clear-target.ts';
import { readSourceSequences } from './copy-set.ts';
import { type CopySet, quoteForTarget, runAsOwners, runSteps } from './engines.ts';
import type { CopyResult } from './in-place.ts';
import type { CopyEnds } from './preflight.ts';
import { makeEmptyDigests, selectDigests } from './verify.ts';

/** Sessions on both sides. Those of the source are in transactions that see one state. */
export interface LoadWorkers {
  readonly sources: readonly ServerConnection[];
  readonly targets: readonly ServerConnection[];
}

// Megabytes in which all of them together build indexes.
const room = 512;

/**
 * Fills the new database of the workers' targets in many transactions: it is complete only when this returns.
 * Rows come first, then the parts that are built from them, while both sides are read again.
 * @param ends their sessions are the first of the workers
 * @throws Problem of any session; others may still be working and must be closed
 */
export async function loadInParallel(
  world: World,
  ends: CopyEnds,
  crew: LoadWorkers,
  cargo: CopySet,
): Promise<CopyResult> {
  const { wanted, objects, empty } = cargo;
  const [source, target] = [ends.from.connection, ends.to.connection];
  // A crash can lose commits of these sessions, so the swap waits until they are on disk.
  for (const session of crew.targets)
    await session.execute(
      `${replacingSession}; set synchronous_commit = off;` +
        ` ${setIndexMemory(room / crew.targets.length, false)}`,
    );
  const halves = await transaction(target, () => prepared(target, wanted));
  const progress = makeProgress(world, cargo.tables);
  await copyRows(source, crew, cargo, progress);
  const positions = cargo.schemaOnly ? [] : await readSourceSequences(source, target);
  await setSequences(target, positions);
  world.progress(`Building indexes and constraints, and verifying against ${ends.from.named.name}`);
  const steps = runAsOwners(quoteForTarget(halves.after, wanted, target), wanted, await readOwners(target));
  const build = splitIntoBatches(steps, halves.waits());
  const { before, after } = await buildAndRead(source, crew, cargo, build);
  return {
    before: [...before, ...makeEmptyDigests(empty, objects)],
    after,
    positions,
    bytes: progress.bytes(),
  };
}

async function copyRows(
  source: ServerConnection,
  crew: LoadWorkers,
  { tables, objects, owners, path }: CopySet,
  progress: ReturnType<typeof makeProgress>,
): Promise<void> {
  const guarded = await readOwnerWrittenTables(crew.targets[0] as ServerConnection);
  const parts = await splitTables(source, tables, crew.sources.length);
  const pairs = crew.sources.map((from, at) => ({ from, to: crew.targets[at] as ServerConnection }));
  type Pair = (typeof pairs)[number];
  const rows = parts.map(
    (part): Job<Pair> => ({
      weight: part.bytes,
      does: async ({ from, to }) => {
        const told = (_: unknown, bytes: number) => progress.told(part, bytes);
        // Emptied in the same transaction, so that its rows can be frozen.
        const emptied = part.part ? '' : `; truncate only ${part.name}`;
        const copied = () => copyTables(from, to, [part], { told, path, guarded });
        await transaction(to, copied, `begin; ${pinned}${emptied}`);
      },
    }),
  );
  if (objects)
    rows.push({
      weight: Number.POSITIVE_INFINITY,
      does: async ({ from, to }) => {
        await transaction(to, () => copyLargeObjects(from, to, owners));
      },
    });
  await runJobs(pairs, rows);
}

// Builds everything that is built from rows, while both sides are read again.
async function buildAndRead(
  source: ServerConnection,
  crew: LoadWorkers,
  { wanted, tables, objects, path }: CopySet,
  build: readonly PlanBatch[],
): Promise<Pick<CopyResult, 'before' | 'after'>> {
  const target = crew.targets[0] as ServerConnection;
  const bytes = new Map(tables.map((table) => [tableId(table.name), table.bytes]));
  const building = build.map((batch) => makeBuildJob(batch, { wanted, path, bytes }));
  const [before, after]: [Digest[], Digest[]] = [[], []];
  const there = selectDigests(await listRelations(source), wanted, tables, { objects, masks: true });
  const here = async () => {
    const list = await snapshot(target, listRelations);
    const known = new Set(after.map(({ kind, name }) => `${kind} ${name}`));
    return selectDigests(list, wanted, tables, { objects: true, masks: false })
      .filter(({ kind, name }) => !known.has(`${kind} ${name}`))
      .map((one) => reading(one, after));
  };
  const sourceRead = runJobs(
    crew.sources,
    there.map((one) => reading(one, before)),
  );
  const targetBuilt = (async () => runJobs(crew.targets, [...building, ...(await here())]))();
  await Promise.all([sourceRead, targetBuilt]);
  // Relations that are filled by their query exist only now.
  await runJobs(crew.targets, await here());
  return { before, after };
}

async function prepared(target: ServerConnection, wanted: Catalog) {
  const { steps, left } = planClearing(await readCatalog(target, copiedKinds), wanted);
  const halves = planAroundRows(left, wanted, kinds);
  await runSteps(target, steps);
  await runSteps(target, quoteForTarget(halves.before, wanted, target));
  return halves;
}

function reading(one: DigestRelation, into: Digest[]): Job<ServerConnection> {
  return {
    weight: one.bytes,
    ground: new Set([`${one.kind}:${one.name}`]),
    does: async (session) => {
      into.push(await digestRelation(session, one));
    },
  };
}

function makeBuildJob(
  { steps, waits, reads }: PlanBatch,
  {
    wanted: catalog,
    path,
    bytes,
  }: Pick<CopySet, 'wanted' | 'path'> & { readonly bytes: ReadonlyMap<string, number> },
): Job<ServerConnection> {
  const ground = new Set(steps.flatMap((step) => groundOf(step, catalog)));
  const most = Math.max(0, ...[...ground].map((id) => bytes.get(id) ?? 0));
  return {
    waits,
    ground,
    // A lock that others may have at the same time (manual: "Table-Level Locks").
    alone: steps.some(({ lock }) => lock !== 'SHARE'),
    // The quick ones go first: others may wait for them.
    weight: reads ? most : Number.POSITIVE_INFINITY,
    does: (session) => transaction(session, () => withPath(session, path, () => runSteps(session, steps))),
  };
}

// The objects with rows that a step uses: its own, and those that it refers to.
function groundOf({ fact: id }: Step, catalog: Catalog): string[] {
  const ids = [id, ...(catalog.needs.get(id)?.keys() ?? [])];
  return ids.flatMap((one) => {
    const fact = catalog.facts.get(one);
    const root = fact && getRoot(catalog, fact);
    return root && kinds.get(root.kind)?.data?.holdsData?.(root) ? [root.id] : [];
  });
}
