// What is to come over of a source: its schema, as far as it can be had a second time, and the tables with their rows.
import { readCatalog } from '../catalog/read.ts';
import { masked } from '../flow/masks.ts';
import { type SequenceValue, standings } from '../flow/sequences.ts';
import { absentOf, holding, saidOfAbsent, type TableRows, tablesOf } from '../flow/tables.ts';
import { kinds } from '../kinds/index.ts';
import { extensionId, tableId } from '../kinds/named-objects.ts';
import type { Catalog } from '../model/catalog.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { lettingGo } from '../pg/transaction.ts';
import type { Cargo } from './engines.ts';
import { copyable, fitting, type Wish } from './selection.ts';

/** What comes over of a source, whose transaction is open. @throws Problem `bad_option`, `bad_mask`; of the connection */
export async function cargoOf(source: ServerConnection, wish: Wish): Promise<Cargo> {
  const held = await tablesOf(source);
  await source.execute(holding(held));
  // Whoever waits for a lock that was left behind would make a program wait that reads the source beside.
  const catalog = await lettingGo(source, () => readCatalog(source, kinds));
  const { catalog: wanted, left } = copyable(catalog, wish);
  const chosen = held.filter((table) => comesOver(table, wanted));
  const absent = (await absentOf(source)).filter((table) => comesOver(table, wanted));
  const named = fitting(wanted, '--exclude-data', wish.excludeData ?? []);
  const isEmpty = (table: TableRows) => wish.schemaOnly || named.has(tableId(table.name));
  const filled = chosen.filter((table) => !isEmpty(table));
  return {
    wanted,
    left: [...left, ...(wish.schemaOnly ? [] : saidOfAbsent(absent))],
    tables: await masked(source, filled, wish.masks),
    empty: [...chosen.filter(isEmpty), ...absent],
    objects: !wish.schemaOnly && wish.tables === undefined,
    owners: wish.owners,
    path: wish.path ?? '',
    schemaOnly: wish.schemaOnly ?? false,
  };
}

function comesOver(table: TableRows, { facts }: Catalog): boolean {
  const { extension } = table;
  return extension === null ? facts.has(tableId(table.name)) : facts.has(extensionId(extension));
}

/**
 * Sequences that both have, as they stand now in the source, so that every number in a row that the snapshot shows has been
 * given out. @throws Problem of a connection
 */
export async function standingsOf(
  source: ServerConnection,
  target: ServerConnection,
): Promise<SequenceValue[]> {
  const there = new Set((await standings(target)).map(({ name }) => name));
  // Others may be hidden from the session.
  return standings(source, there);
}
