// All that a database holds is replaced by what another one holds: in one transaction, which ends only where both are the
// same.
import { readCatalog } from '../catalog/read.ts';
import { type Digest, digestOf } from '../flow/digest.ts';
import { copyLargeObjects, saidOfLargeObjects } from '../flow/large-objects.ts';
import { type Standing, setStandings, standings } from '../flow/sequences.ts';
import { copyTables, type Filled, holding, tablesOf } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { type Changed, diff } from '../model/diff.ts';
import type { Fact, Json } from '../model/fact.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connect.ts';
import { aroundRows } from '../plan/rows.ts';
import { Problem, toProblem } from '../problem.ts';
import { clearance, clearRows } from './clearing.ts';
import type { Context } from './context.ts';
import { copyable, type Wish } from './copyable.ts';
import type { Ends } from './preflight.ts';
import { isDoubtful } from './same-words.ts';

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
  const tables = await tablesOf(source);
  await source.execute(holding(tables));
  const positions = await standings(source);
  const { catalog: wanted, left } = copyable(await readCatalog(source, kinds), wish);

  const { steps, left: nothing } = clearance(await readCatalog(target, kinds), wanted);
  const halves = aroundRows({ before: nothing, after: wanted, kinds });
  await runAll(target, steps);
  await clearRows(target);
  await runAll(target, halves.before);
  const progress = progressOf(context, tables);
  const rows = await copyTables(source, target, tables, progress.told);
  const largeObjects = await copyLargeObjects(source, target, wish.owners);
  await setStandings(target, positions);
  context.progress(
    `Building indexes and constraints in ${to.named.name}, and reading ${from.named.name} again`,
  );
  const [before] = await together(
    (go) => digestOf(source, undefined, go),
    (go) => runAll(target, halves.after, go),
  );
  context.progress(`Comparing ${to.named.name} with ${from.named.name}`);
  const after = await digestOf(target);

  const reached = copyable(await readCatalog(target, kinds), wish).catalog;
  const { wrong, reworded } = schemaDifferences(reached, wanted);
  const differences = [
    ...wrong,
    ...rowDifferences(before, after),
    ...sequenceDifferences(positions, await standings(target)),
    ...(await objectDifferences(source, target, wish)),
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

function progressOf(context: Context, tables: readonly Filled[]) {
  const all = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const start = context.now().getTime();
  let bytes = 0;
  let last = start;
  // As often as somebody can read it.
  const interval = 2000;
  return {
    bytes: () => bytes,
    told: ({ name }: Filled, more: number) => {
      bytes += more;
      const now = context.now().getTime();
      if (now - last < interval) return;
      last = now;
      const rate = bytes / ((now - start) / 1000);
      const rest = Math.max(0, all - bytes) / rate;
      context.progress(
        `Copying ${name}: ${megabytes(bytes)} of about ${megabytes(all)} MB, ${megabytes(rate)} MB/s, ${Math.ceil(rest)} s left`,
      );
    },
  };
}

const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);

function schemaDifferences(reached: Catalog, wanted: Catalog): { wrong: string[]; reworded: number } {
  const { added, removed, changed } = diff(reached, wanted, kinds);
  const name = (fact: Fact) => `${kinds.get(fact.kind)?.reference(fact) ?? fact.id} (${fact.kind})`;
  // What is told otherwise was made from the very text of the source, which the target has read and tells in its own words.
  const isReworded = (pair: Changed) =>
    reached.major === wanted.major
      ? isDoubtful(pair)
      : pair.attributes.every((one) => areTexts(pair.from.payload[one], pair.to.payload[one]));
  const wrong = changed.filter((pair) => !isReworded(pair));
  return {
    wrong: [
      ...added.map((fact) => `missing: ${name(fact)}`),
      ...removed.map((fact) => `too many: ${name(fact)}`),
      ...wrong.map(({ to, attributes }) => `${name(to)} has another ${attributes.join(', ')}`),
    ],
    reworded: changed.length - wrong.length,
  };
}

function areTexts(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, at) => areTexts(one, b[at]));
  return typeof a === 'string' && typeof b === 'string';
}

function rowDifferences(before: readonly Digest[], after: readonly Digest[]): string[] {
  const stored = ({ kind }: Digest) => kind === 'table' || kind === 'large objects';
  return differing(before, after, stored);
}

// What holds other rows, or is on one side alone.
function differing(
  before: readonly Digest[],
  after: readonly Digest[],
  which: (of: Digest) => boolean,
): string[] {
  const key = ({ kind, name }: Digest) => `${kind} ${name}`;
  const known = new Map(after.filter(which).map((one) => [key(one), one]));
  const wrong = before.filter(which).flatMap((one) => {
    const other = known.get(key(one));
    known.delete(key(one));
    if (other?.rows === one.rows && other.hash === one.hash) return [];
    return `${key(one)} holds other rows: ${one.rows} there, ${other?.rows ?? 'nothing'} here`;
  });
  return [...wrong, ...[...known.keys()].map((name) => `${name} is not in the source`)];
}

function sequenceDifferences(before: readonly Standing[], after: readonly Standing[]): string[] {
  const known = new Map(after.map((one) => [one.name, one]));
  return before
    .filter(({ name, last, called }) => known.get(name)?.last !== last || known.get(name)?.called !== called)
    .map(({ name }) => `sequence ${name} stands elsewhere`);
}

async function objectDifferences(source: ServerConnection, target: ServerConnection, { owners }: Wish) {
  const wanted = await saidOfLargeObjects(source, owners);
  const reached = await saidOfLargeObjects(target, owners);
  const there = new Set(reached);
  return wanted.filter((sql) => !there.has(sql)).map((sql) => `missing: ${sql}`);
}
