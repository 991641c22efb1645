// Plans a clone and checks its conditions, before anything changes.
import { readCatalog } from '../catalog/read.ts';
import { countLargeObjects } from '../flow/large-objects.ts';
import { checkMasks, findMaskedColumns } from '../flow/masks.ts';
import { refusePlannedCode } from '../flow/planned-code.ts';
import { listTables } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import type { Catalog } from '../model/catalog.ts';
import { ledgerSchema } from '../model/schema-pair.ts';
import type { Connection, ServerConnection } from '../pg/connection.ts';
import { snapshot } from '../pg/snapshot.ts';
import { formatCount } from '../problem/amount.ts';
import type { NamedTarget } from '../project/target-address.ts';
import type { Workspace } from '../project/workspace.ts';
import { readRowSet } from './data-only.ts';
import { checkDisk } from './disk-space.ts';
import {
  checkExtensions,
  type FoundExtension,
  findExtensions,
  listExtensions,
  listOtherVersions,
} from './extensions.ts';
import { warnOfFiredFunctions } from './fired-functions.ts';
import { type CloneInput, type EngineChoice, readSelection } from './options.ts';
import {
  bytesPerSecond,
  type CopyEnds,
  checkDatabases,
  checkMaintenance,
  checkProtection,
  type PreflightCheck,
  readDatabase,
  type SelectedPart,
} from './preflight.ts';
import { checkPrivileged } from './privileged.ts';
import { warnOfReplication } from './replication.ts';
import { checkEventTriggers, checkRights, checkStaying, listCreated, selectCreated } from './rights.ts';
import { checkRoles } from './roles.ts';
import { checkRowRights } from './row-rights.ts';
import { type CopySelection, selectCopyable } from './selection.ts';
import { planSwap, type SwapPlan } from './swap/preflight.ts';

/** A table with its rows. */
export interface TableCount {
  readonly name: string;
  readonly rows: number;
}

/** The plan of a clone. */
export interface ClonePlan {
  readonly source: NamedTarget;
  readonly target: NamedTarget;
  readonly checks: readonly PreflightCheck[];
  /** The engine: pgmage itself, or pg_dump with its version. */
  readonly engine: string;
  /** The size of the source on disk. */
  readonly bytes: number;
  /** The estimated duration. */
  readonly estimateSeconds: number;
  /** True if only rows are replaced. */
  readonly dataOnly: boolean;
  /** The copied columns that have a mask: `public.users.email`. */
  readonly masked: readonly string[];
  /** Tables of the target that are replaced, with their rows. */
  readonly replaces: readonly TableCount[];
  /** Large objects of the target, which are replaced, too. */
  readonly replacesObjects: number;
  /** The plan of a swap; null: the target is replaced in one transaction. */
  readonly swap: SwapPlan | null;
}

/**
 * Looks at both databases before anything is changed.
 * @throws Problem `bad_option`, `bad_mask`; of both connections
 */
export async function planClone(
  workspace: Workspace,
  ends: CopyEnds,
  input: CloneInput,
  carrier: EngineChoice,
): Promise<{ plan: ClonePlan; wish: CopySelection }> {
  const [from, to] = [await readDatabase(ends.from.connection), await readDatabase(ends.to.connection)];
  const extensions = await findExtensions(ends.to.connection, await listExtensions(ends.from.connection));
  // pg_dump names no versions.
  const otherVersions =
    carrier.name === 'pgmage' ? listOtherVersions(extensions) : extensions.map(({ name }) => name);
  const wish = readSelection(workspace.project, input, { otherVersions, path: from.path });
  const swap = input.swap ? await planSwap(ends, input, workspace.world.now()) : null;
  const checks = [
    ...checkDatabases(from, to, ends),
    await checkDisk(ends, isWhole(wish) ? from.bytes : null, input.force ?? false),
    ...(await checkNeeds(ends, { input, wish, extensions, usesDump: carrier.beside })),
    checkMaintenance(to, ends, input.force ?? false),
    checkProtection(ends),
    ...(swap?.checks ?? (await warnOfLosses(ends, wish))),
  ];
  const replaces = isRefused(checks) ? [] : await countReplaced(ends, wish);
  const plan: ClonePlan = {
    source: ends.from.named,
    target: ends.to.named,
    checks,
    engine: carrier.name,
    bytes: from.bytes,
    estimateSeconds: Math.max(1, Math.ceil(from.bytes / bytesPerSecond)),
    dataOnly: wish.dataOnly ?? false,
    masked: await listMasked(ends.from.connection, wish),
    replaces,
    replacesObjects: wish.dataOnly && wish.tables ? 0 : await countLargeObjects(ends.to.connection),
    swap: swap?.plan ?? null,
  };
  return { plan, wish };
}

// Then nothing is counted: the role may not read what it may not replace.
const isRefused = (checks: readonly PreflightCheck[]) => checks.some(({ outcome }) => outcome === 'failed');

// The secret does not matter: no value is read.
async function listMasked(source: ServerConnection, wish: CopySelection): Promise<string[]> {
  const columns = await findMaskedColumns(source, wish.masks, '');
  const isAll = columns.length === 0 || isWhole(wish);
  const names = isAll ? null : await snapshot(source, () => namesOf(source, wish));
  const masked = columns.filter(({ table }) => names?.has(table) ?? true);
  await snapshot(source, () => checkMasks(source, masked));
  return masked.map(({ table, quoted }) => `${table}.${quoted}`);
}

async function warnOfLosses({ from, to }: CopyEnds, wish: CopySelection): Promise<PreflightCheck[]> {
  const part = selectPart(from.connection, wish);
  const listComing = async () => (await selectCreated(await listCreated(from.connection), part)).publications;
  return warnOfReplication(to.connection, to.named.name, wish.dataOnly ? null : listComing);
}

// The size of excluded content is unknown.
const isWhole = ({ schemaOnly, tables, exclude, excludeData }: CopySelection) =>
  !schemaOnly && !tables && !exclude && !excludeData;

interface CloneNeeds {
  readonly input: CloneInput;
  readonly wish: CopySelection;
  readonly extensions: readonly FoundExtension[];
  /** True if pg_dump copies. */
  readonly usesDump: boolean;
}

// The extensions, roles and rights that the target needs.
async function checkNeeds(
  ends: CopyEnds,
  { input, wish, extensions, usesDump }: CloneNeeds,
): Promise<PreflightCheck[]> {
  const rowsOnly = wish.dataOnly ?? false;
  const part = selectPart(ends.from.connection, wish);
  const way = rowsOnly ? null : input.swap ? 'elsewhere' : usesDump ? 'created' : 'kept';
  // A new database belongs to the role, and the schema of the target may stay.
  const checkOthers = way === 'elsewhere' ? checkEventTriggers : checkRights;
  return [
    ...(await checkExtensions(ends, extensions, way, part)),
    ...(way === 'created' ? await checkStaying(ends, extensions) : []),
    await checkRoles(ends, way, wish.owners, part),
    ...(way === null ? [await checkRowRights(ends, wish)] : await checkOthers(ends, part)),
    ...(way === null ? [] : await checkPrivileged(ends, part)),
    ...(way === null ? [] : await warnOfFiredFunctions(ends.from.connection, part)),
  ];
}

// It is read once, and only if a check finds a fault that may not matter to the part.
function selectPart(source: ServerConnection, wish: CopySelection): SelectedPart {
  let found: Promise<Catalog> | undefined;
  return async () => {
    if (!(wish.tables || wish.exclude)) return null;
    found ??= snapshot(source, (held) => readCatalog(held, kinds)).then(
      (whole) => selectCopyable(whole, wish).catalog,
    );
    return found;
  };
}

async function countReplaced({ from, to }: CopyEnds, wish: CopySelection): Promise<TableCount[]> {
  const names = wish.dataOnly ? await snapshot(from.connection, () => namesOf(from.connection, wish)) : null;
  return snapshot(to.connection, (held) => countedIn(held, names));
}

async function namesOf(source: ServerConnection, wish: CopySelection): Promise<ReadonlySet<string>> {
  const { cargo } = await readRowSet(source, wish);
  return new Set(cargo.tables.map(({ name }) => name));
}

// Only of these tables: the role may not read others. null: of all.
async function countedIn(connection: Connection, names: ReadonlySet<string> | null): Promise<TableCount[]> {
  await refusePlannedCode(connection, ({ reading }) => reading);
  const listed = (await listTables(connection)).filter(({ extension }) => extension === null);
  const tables = listed.filter(({ name }) => names?.has(name) ?? true);
  const counts = await connection.batch(
    tables.map(({ name }) => `select count(*)::float8 as rows from only ${name}`),
  );
  return tables.map(({ name }, at) => ({ name, ...(counts[at]?.[0] as { rows: number }) }));
}

// Of a database, or of the tenants in its schemas.
const ledgerTable = new RegExp(`^${ledgerSchema}\\.|^"${ledgerSchema}:`);

/** The rows that will be lost; none if the old database is kept. */
export function listReplacedRows({ replaces, replacesObjects, swap }: ClonePlan): string[] {
  if (swap !== null && swap.keeps !== null) return [];
  const filled = replaces.filter(({ rows }) => rows > 0);
  const named = filled.map(({ name, rows }) => `${name} (${formatCount(rows, 'row')})`);
  const isLedger = filled.length > 0 && filled.every(({ name }) => ledgerTable.test(name));
  return [
    ...(isLedger ? [`the record of its migrations, its only rows: ${named.join(', ')}`] : named),
    ...(replacesObjects > 0 ? [formatCount(replacesObjects, 'large object')] : []),
    ...(swap?.drops ?? []).map(({ name }) => `database ${name}`),
  ];
}
