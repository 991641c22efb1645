// What a clone is going to do, found out before anything is touched.
import { countLargeObjects } from '../flow/large-objects.ts';
import { tablesOf } from '../flow/tables.ts';
import type { Connection, ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import type { Context } from '../project/context.ts';
import type { NamedTarget } from '../project/source.ts';
import { rowsOf } from './data-only.ts';
import { diskCheck } from './disk-space.ts';
import { type Carrier, type CloneInput, wishOf } from './options.ts';
import {
  bytesPerSecond,
  type CopyEnds,
  checksOf,
  databaseOf,
  extensionCheck,
  type PreflightCheck,
  protectionCheck,
  roleCheck,
} from './preflight.ts';
import type { Wish } from './selection.ts';
import { type SwapPlan, swapPlanOf } from './swap/preflight.ts';

/** A table with its rows. */
export interface Counted {
  readonly name: string;
  readonly rows: number;
}

/** What is going to be done. */
export interface ClonePlan {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  readonly checks: readonly PreflightCheck[];
  /** Who carries it over: pgmage itself, or pg_dump of a version. */
  readonly engine: string;
  /** Of the source, on its disk. */
  readonly bytes: number;
  /** How long it may take. */
  readonly estimateSeconds: number;
  /** Whether nothing but rows is replaced. */
  readonly dataOnly: boolean;
  /** Tables of the target that are replaced, with their rows. */
  readonly replaces: readonly Counted[];
  /** Large objects of the target, which are replaced, too. */
  readonly replacesObjects: number;
  /** How it is exchanged for a database of its own; null: it is replaced in one transaction. */
  readonly swap: SwapPlan | null;
}

/**
 * Looks at both databases before anything is changed.
 * @throws Problem `bad_option`, `bad_mask`; of both connections
 */
export async function prepared(
  context: Context,
  ends: CopyEnds,
  input: CloneInput,
  carrier: Carrier,
): Promise<{ plan: ClonePlan; wish: Wish }> {
  const [from, to] = [await databaseOf(ends.from.connection), await databaseOf(ends.to.connection)];
  const { check, otherVersions, all } = await extensionCheck(ends);
  // pg_dump names no versions.
  const free = carrier.name === 'pgmage' ? otherVersions : all;
  const wish = wishOf(context, input, { otherVersions: free, path: from.path });
  const swap = input.swap ? await swapPlanOf(ends, input, context.now()) : null;
  const checks = [
    ...checksOf(from, to, ends),
    await diskCheck(ends, isWhole(wish) ? from.bytes : null, input.force ?? false),
    check,
    await roleCheck(ends, wish.owners),
    protectionCheck(ends),
    ...(swap?.checks ?? []),
  ];
  const isReplaced = wish.dataOnly
    ? await snapshot(ends.from.connection, () => namesOf(ends.from.connection, wish))
    : null;
  const replaces = await snapshot(ends.to.connection, countedIn);
  const plan: ClonePlan = {
    source: ends.from.named,
    target: ends.to.named,
    checks,
    engine: carrier.name,
    bytes: from.bytes,
    estimateSeconds: Math.max(1, Math.ceil(from.bytes / bytesPerSecond)),
    dataOnly: wish.dataOnly ?? false,
    replaces: replaces.filter(({ name }) => isReplaced?.has(name) ?? true),
    replacesObjects: wish.dataOnly && wish.tables ? 0 : await countLargeObjects(ends.to.connection),
    swap: swap?.plan ?? null,
  };
  return { plan, wish };
}

// What is left out is not known in bytes.
const isWhole = ({ schemaOnly, tables, exclude, excludeData }: Wish) =>
  !schemaOnly && !tables && !exclude && !excludeData;

async function namesOf(source: ServerConnection, wish: Wish): Promise<ReadonlySet<string>> {
  const { cargo } = await rowsOf(source, wish);
  return new Set(cargo.tables.map(({ name }) => name));
}

async function countedIn(connection: Connection): Promise<Counted[]> {
  const tables = (await tablesOf(connection)).filter(({ extension }) => extension === null);
  const counts = await connection.batch(
    tables.map(({ name }) => `select count(*)::float8 as rows from only ${name}`),
  );
  return tables.map(({ name }, at) => ({ name, ...(counts[at]?.[0] as { rows: number }) }));
}

/** What is lost: nothing where it is kept under another name. */
export function lossesOf({ replaces, replacesObjects, swap }: ClonePlan): string[] {
  if (swap !== null && swap.keeps !== null) return [];
  const filled = replaces
    .filter(({ rows }) => rows > 0)
    .map(({ name, rows }) => `${name} (${rows} ${rows === 1 ? 'row' : 'rows'})`);
  return [
    ...filled,
    ...(replacesObjects > 0 ? [`${replacesObjects} large objects`] : []),
    ...(swap?.drops ?? []).map(({ name }) => `database ${name}`),
  ];
}
