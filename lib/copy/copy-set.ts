// The copy set of a source: the part of its schema that can be copied, and the tables with their rows.
import { readCatalog } from '../catalog/read.ts';
import { applyMasks } from '../flow/masks.ts';
import { refusePlannedCode } from '../flow/planned-code.ts';
import { listSequences, readSequences, type SequenceValue } from '../flow/sequences.ts';
import {
  buildTableLocks,
  describeAbsent,
  listAbsentTables,
  listTables,
  type TableRows,
} from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { domainId, extensionId, materializedViewId, tableId } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { readAndRelease } from '../pg/transaction.ts';
import type { CopySet } from './engines.ts';
import { type CopySelection, matchPatterns, selectCopyable } from './selection.ts';

/**
 * Reads the copy set of a source with an open transaction.
 * @throws Problem `bad_option`, `bad_mask`, `planned_code`; of the connection
 */
export async function readCopySet(source: ServerConnection, wish: CopySelection): Promise<CopySet> {
  const held = await listTables(source);
  await source.execute(buildTableLocks(held));
  // A session that waits for a remaining lock would block a program that also reads the source.
  const catalog = await readAndRelease(source, () => readCatalog(source, kinds));
  const { catalog: wanted, left } = selectCopyable(catalog, wish);
  const chosen = held.filter((table) => comesOver(table, wanted));
  const reads = new Set(wish.schemaOnly ? [] : chosen.map(({ name }) => name));
  await refusePlannedCode(source, ({ table, reading }) =>
    reading
      ? reads.has(table) || wanted.facts.has(materializedViewId(table))
      : !wish.dataOnly && [tableId(table), domainId(table)].some((id) => wanted.facts.has(id)),
  );
  const absent = (await listAbsentTables(source)).filter((table) => comesOver(table, wanted));
  const named = matchPatterns(wanted, '--exclude-data', wish.excludeData ?? []);
  const bare = wish.schemaOnly || wish.dataOnly ? new Set() : await findEmptyOnes(source, chosen);
  const isEmpty = (table: TableRows) =>
    wish.schemaOnly || named.has(tableId(table.name)) || bare.has(table.name);
  const filled = chosen.filter((table) => !isEmpty(table));
  return {
    wanted,
    left: [...left, ...(wish.schemaOnly ? [] : describeAbsent(absent))],
    tables: await applyMasks(source, filled, wish.masks),
    empty: [...chosen.filter(isEmpty), ...absent],
    objects: !wish.schemaOnly && wish.tables === undefined,
    owners: wish.owners,
    path: wish.path ?? '',
    schemaOnly: wish.schemaOnly ?? false,
  };
}

// Tables of extensions without rows of users. In the target, writing no rows would need the right to write.
async function findEmptyOnes(
  source: ServerConnection,
  tables: readonly TableRows[],
): Promise<ReadonlySet<string>> {
  const own = tables.filter(({ extension, readable }) => extension !== null && readable);
  const rows = await source.batch(
    own.map(({ name, condition }) => `select from only ${name} ${condition} limit 1`),
  );
  return new Set(own.filter((_, at) => rows[at]?.length === 0).map(({ name }) => name));
}

function comesOver(table: TableRows, { facts }: Catalog): boolean {
  const { extension } = table;
  return extension === null ? facts.has(tableId(table.name)) : facts.has(extensionId(extension));
}

/**
 * Sequences that both have, as they stand now in the source, so that every number in a row that the snapshot
 * shows has been given out. @throws Problem of a connection
 */
export async function readSourceSequences(
  source: ServerConnection,
  target: ServerConnection,
): Promise<SequenceValue[]> {
  const there = new Set(await listSequences(target));
  // Others may be hidden from the session.
  return readSequences(source, there);
}
