// Copies the content of a database into another one, in an open transaction of the target: by pgmage itself,
// or by pg_dump. The result is verified afterwards in both cases.
import { readCatalog } from '../catalog/read.ts';
import { loadSections, type Sections } from '../flow/archive.ts';
import { readOwners, runAsOwner, type TableOwner } from '../flow/as-owner.ts';
import type { Client } from '../flow/child.ts';
import { runClient } from '../flow/child.ts';
import { toDatabaseProblem } from '../flow/client.ts';
import { buildDumpOptions } from '../flow/dump.ts';
import { copyLargeObjects } from '../flow/large-objects.ts';
import { copyTables, type TableRows } from '../flow/tables.ts';
import { copiedKinds, kinds } from '../kinds/index.ts';
import { schemaId } from '../kinds/named-objects.ts';
import { type Catalog, getRoot } from '../model/catalog.ts';
import { emptyCatalog } from '../model/empty-catalog.ts';
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';
import type { Step } from '../model/step.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { resolveClientAccess } from '../pg/route.ts';
import { withPath } from '../pg/user-path.ts';
import { planAroundRows } from '../plan/around-data.ts';
import { Problem } from '../problem/problem.ts';
import { type ConnectionWork, whileReachable } from '../project/reachable.ts';
import { quoteNewerWords } from '../sql/newer-words.ts';
import { clearRows, planClearing, setIndexMemory } from './clear-target.ts';
import type { CopyEnds } from './preflight.ts';
import type { StayingPart } from './staying.ts';

/** The content to copy. */
export interface CopySet {
  /** The schema that the target is to have. */
  readonly wanted: Catalog;
  /** Objects that are left out, with the reason. */
  readonly left: readonly string[];
  /** Tables that come with their rows. */
  readonly tables: readonly TableRows[];
  /** Tables that come without. */
  readonly empty: readonly TableRows[];
  /** True if large objects are copied. */
  readonly objects: boolean;
  /** True if owners and privileges are copied. */
  readonly owners: boolean;
  /** The search path of functions. */
  readonly path: string;
  /** True if no rows are copied. */
  readonly schemaOnly: boolean;
  /** The part of `wanted` that the target has, and keeps; left out: none. */
  readonly stays?: StayingPart;
}

/**
 * Replaces the content of the target by the copy set, without the parts that can be built after the rows.
 * @returns a function that builds those parts; it calls `go` now and then, which throws when the work is no
 * longer needed
 */
export type Engine = (
  ends: CopyEnds,
  cargo: CopySet,
  told: (table: TableRows, bytes: number) => void,
) => Promise<(go: () => void) => Promise<void>>;

/**
 * Quotes the steps for the target server: an older server, which printed the definitions, does not quote
 * words that newer ones reserve.
 */
export function quoteForTarget(
  steps: readonly Step[],
  told: Catalog,
  target: ServerConnection,
): readonly Step[] {
  if (told.major >= target.major) return steps;
  return steps.map((step) => ({ ...step, sql: quoteNewerWords(step.sql, told.major) }));
}

/**
 * Steps that call functions for the rows that are there, as the owners of these, whose functions they are:
 * under the path that is set.
 */
export function runAsOwners(
  steps: readonly Step[],
  catalog: Catalog,
  owners: ReadonlyMap<string, TableOwner>,
): readonly Step[] {
  const ownerOf = (fact: Fact | undefined) => fact && owners.get(qualify(fact.path));
  return steps.map((step) => {
    const fact = catalog.facts.get(step.fact);
    const { callsFunctions = false } = (fact && kinds.get(fact.kind)?.data) ?? {};
    const calls =
      typeof callsFunctions === 'boolean' ? callsFunctions : fact && callsFunctions(fact, catalog);
    const owner = calls ? ownerOf(catalog.facts.get(fact?.parent ?? '')) : undefined;
    if (fact === undefined || owner === undefined) return step;
    const needed = [...(catalog.needs.get(fact.id)?.keys() ?? [])].map((id) => catalog.facts.get(id));
    const others = new Set(needed.map((one) => ownerOf(one && getRoot(catalog, one))));
    others.delete(owner);
    others.delete(undefined);
    const as = (work: string) => runAsOwner(work, owner, [...others] as TableOwner[]);
    return {
      ...step,
      sql: typeof calls === 'string' ? `${step.sql} NOT VALID;\n${as(calls)}` : as(step.sql),
    };
  });
}

// Megabytes. Measured with a million rows: four times as much as the usual 64 MB takes a seventh off.
const indexRoom = 256;

/** By the catalog and COPY: no client tools are needed, and each part can be chosen and masked. */
export const nativeEngine: Engine = async ({ from, to }, cargo, told) => {
  const [source, target] = [from.connection, to.connection];
  const { wanted, tables, objects, owners, path, stays } = cargo;
  const { steps, left } = planClearing(await readCatalog(target, copiedKinds), wanted, stays?.ids);
  const halves = planAroundRows(left, wanted, kinds);
  await runSteps(target, steps);
  await clearRows(target, stays?.relations);
  await runSteps(target, quoteForTarget(halves.before, wanted, target));
  await copyTables(source, target, tables, { told, path });
  if (objects) await copyLargeObjects(source, target, owners);
  await target.execute(setIndexMemory(indexRoom));
  const after = runAsOwners(quoteForTarget(halves.after, wanted, target), wanted, await readOwners(target));
  // Functions are called by indexes.
  return (go) => withPath(target, path, () => runSteps(target, after, go));
};

/**
 * The engine that uses pg_dump, in the source's snapshot. Its output goes through the target's session,
 * statement by statement, so it is committed only if pg_dump has ended successfully.
 * @param source the access of pg_dump
 */
export function makePipeEngine(
  client: Client,
  { url, stallTimeout }: Pick<ConnectionWork, 'url' | 'stallTimeout'>,
  stopping: AbortSignal,
): Engine {
  return async ({ from, to }, cargo, told) => {
    const [source, target] = [from.connection, to.connection];
    const { tables, objects } = cargo;
    const access = resolveClientAccess(url, { environment: from.named.name });
    const words = await buildPipeOptions(source, access, cargo);
    await clearForPipe(target, cargo);
    const known = new Map(tables.map((table) => [table.name, table]));
    const talking = { name: from.named.name, url, stallTimeout };
    await whileReachable(talking, stopping, (signal) => {
      const dump: Sections = async (section, take) => {
        if (section === 'data' && tables.length === 0 && !objects) return;
        const sectioned = [`--section=${section}`, ...words];
        const { variables } = access;
        await runClient({ client, program: 'pg_dump', words: sectioned, variables, signal }, take);
      };
      const toldByName = (name: string, bytes: number) => {
        const table = known.get(name);
        if (table !== undefined) told(table, bytes);
      };
      return loadSections(target, dump, client.major, { told: toldByName });
    }).catch((thrown: unknown) => {
      throw toDatabaseProblem(thrown, from.named.name);
    });
    return async () => undefined;
  };
}

async function buildPipeOptions(
  source: ServerConnection,
  access: ReturnType<typeof resolveClientAccess>,
  { empty, objects, owners }: CopySet,
): Promise<string[]> {
  const [row] = await source.rows<{ id: string; encoding: string }>(
    `select pg_catalog.pg_export_snapshot() as id, pg_catalog.current_setting('server_encoding') as encoding`,
  );
  const { id: snapshot, encoding } = row as NonNullable<typeof row>;
  return [
    ...buildDumpOptions({ access, snapshot, encoding, lockTimeout: 10_000 }),
    '--no-subscriptions',
    ...(owners ? [] : ['--no-owner', '--no-privileges']),
    ...(objects ? [] : ['--no-blobs']),
    ...empty.map(({ name }) => `--exclude-table-data=${name}`),
  ];
}

async function clearForPipe(target: ServerConnection, { wanted, stays }: CopySet): Promise<void> {
  const nothing = emptyCatalog(target.major, kinds);
  const there = await readCatalog(target, copiedKinds);
  await runSteps(target, planClearing(there, nothing, stays?.ids).steps);
  await clearRows(target, stays?.relations);
  if (!wanted.facts.has(schemaId('public'))) await target.execute('drop schema public');
}

// How many statements go to the server at once.
const batch = 100;

/** Runs steps in the transaction that is open. @param go is called now and then, and ends it by throwing */
export async function runSteps(
  connection: ServerConnection,
  steps: readonly Step[],
  go: () => void = () => undefined,
): Promise<void> {
  const alone = steps.find(({ transactional }) => !transactional);
  if (alone !== undefined)
    throw new Problem('internal', { reason: `${alone.shown ?? alone.sql} cannot run in a transaction` });
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
