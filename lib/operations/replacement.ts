// All that a database holds is replaced by what another one holds: in one transaction, which ends only where both are the
// same.
import { readCatalog } from '../catalog/read.ts';
import { digestOf, undigested } from '../flow/digest.ts';
import { copyLargeObjects } from '../flow/large-objects.ts';
import { masked } from '../flow/masks.ts';
import { progressOf } from '../flow/progress.ts';
import { type Standing, setStandings, standings } from '../flow/sequences.ts';
import { copyTables, type Filled, holding, tablesOf } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { quote } from '../model/quote.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connect.ts';
import { aroundRows } from '../plan/rows.ts';
import { Problem, toProblem } from '../problem.ts';
import { clearance, clearRows } from './clearing.ts';
import type { Context } from './context.ts';
import { copyable, fitting, type Wish } from './copyable.ts';
import type { Ends } from './preflight.ts';
import {
  differing,
  nothingOf,
  objectDifferences,
  rowDifferences,
  schemaDifferences,
  sequenceDifferences,
  toDigest,
} from './sameness.ts';

/** What came over. */
export interface Replaced {
  /** Rows of each table. */
  readonly tables: readonly { readonly name: string; readonly rows: number }[];
  readonly sequences: number;
  readonly largeObjects: number;
  /** Bytes of rows that went over. */
  readonly bytes: number;
  /** Materialized views that were filled by their queries, and hold other rows than those of the source. */
  readonly refreshed: readonly string[];
  /** What was left out, with the reason. */
  readonly left: readonly string[];
  /** How many definitions the target's server tells in other words than the source's. */
  readonly reworded: number;
}

/**
 * Replaces what the target holds. Both sessions are in a transaction: the source's sees one state of the database, the
 * target's is to be committed afterwards.
 * @throws Problem `not_as_source` where what came over is not the same; of both connections
 */
export async function replace(context: Context, { from, to }: Ends, wish: Wish): Promise<Replaced> {
  const [source, target] = [from.connection, to.connection];
  const held = await tablesOf(source);
  await source.execute(holding(held));
  const { catalog: wanted, left } = copyable(await readCatalog(source, kinds), wish);
  const chosen = held.filter((table) => comesOver(table, wanted));
  const empty = wish.schemaOnly
    ? new Set(chosen.map(idOf))
    : fitting(wanted, '--exclude-data', wish.excludeData ?? []);
  const tables = await masked(
    source,
    chosen.filter((table) => !empty.has(idOf(table))),
    wish.masks,
  );
  const objects = !wish.schemaOnly && wish.tables === undefined;

  const { steps, left: nothing } = clearance(await readCatalog(target, kinds), wanted);
  const halves = aroundRows({ before: nothing, after: wanted, kinds });
  await runAll(target, steps);
  await clearRows(target);
  await runAll(target, halves.before);
  const progress = progressOf(context, tables);
  const rows = await copyTables(source, target, tables, progress.told);
  const largeObjects = objects ? await copyLargeObjects(source, target, wish.owners) : 0;
  const positions = wish.schemaOnly ? [] : await standingsOf(source, target);
  await setStandings(target, positions);
  context.progress(
    `Building indexes and constraints in ${to.named.name}, and reading ${from.named.name} again`,
  );
  const [before] = await together(
    async (go) => [
      ...(await digestOf(
        source,
        toDigest(await undigested(source), wanted, tables, { objects, masks: true }),
        go,
      )),
      ...nothingOf(
        chosen.filter((table) => empty.has(idOf(table))),
        objects,
      ),
    ],
    (go) => runAll(target, halves.after, go),
  );
  context.progress(`Comparing ${to.named.name} with ${from.named.name}`);
  const after = await digestOf(
    target,
    toDigest(await undigested(target), wanted, tables, { objects: true, masks: false }),
  );

  const { owners, otherVersions } = wish;
  const reached = copyable(await readCatalog(target, kinds), { owners, otherVersions, masks: {} }).catalog;
  const { wrong, reworded } = schemaDifferences(reached, wanted);
  const differences = [
    ...wrong,
    ...rowDifferences(before, after),
    ...sequenceDifferences(positions, await standings(target)),
    ...(objects ? await objectDifferences(source, target, wish) : []),
  ];
  if (differences.length > 0)
    throw new Problem('not_as_source', { source: from.named.name, target: to.named.name, differences });
  return {
    tables: tables
      .map(({ name }) => ({ name, rows: rows.get(name) ?? 0 }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    sequences: positions.length,
    largeObjects,
    bytes: progress.bytes(),
    refreshed: differing(before, after, ({ kind }) => kind === 'materialized view'),
    left,
    reworded,
  };
}

const idOf = ({ name }: Filled) => `table:${name}`;

function comesOver(table: Filled, { facts }: Catalog): boolean {
  const { extension } = table;
  return extension === null ? facts.has(idOf(table)) : facts.has(`extension:${quote(extension)}`);
}

// Sequences as they stand now, so that every number in a row that the snapshot shows has been given out.
async function standingsOf(source: ServerConnection, target: ServerConnection): Promise<Standing[]> {
  const there = new Set((await standings(target)).map(({ name }) => name));
  return (await standings(source)).filter(({ name }) => there.has(name));
}

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

// How many statements go to the server at once.
const batch = 100;

async function runAll(
  connection: ServerConnection,
  steps: readonly Step[],
  go: () => void = () => undefined,
): Promise<void> {
  const alone = steps.find(({ transactional }) => !transactional);
  if (alone !== undefined)
    throw new Problem('internal', { reason: `no transaction can hold ${alone.shown ?? alone.sql}` });
  for (let at = 0; at < steps.length; at += batch) {
    go();
    await connection.execute(
      steps
        .slice(at, at + batch)
        .map(({ sql }) => sql)
        .join('\n;\n'),
    );
  }
}
