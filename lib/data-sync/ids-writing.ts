// New ids for the rows that a target needs: pgmage allots those that are missing, and translates every old id
// of the staged rows, before the statement that writes them.

import { literal, quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { outputText } from '../pg/values.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { readOnly } from './ids.ts';
import { type OwnedStatement, type OwnerCode, runChange } from './owner-code.ts';
import type { AllottedIds, ColumnPair, NewIds } from './shape.ts';
import { type StagedTable, stagedType, stageNames } from './stages.ts';

/**
 * Allots and translates the ids of staged rows.
 * @throws Problem `sync_refused` where an old id has no new one; of the connection
 */
export async function writeIds(
  connection: ServerConnection,
  tables: readonly StagedTable[],
  code: OwnerCode,
): Promise<void> {
  for (const table of tables) await allotIds(connection, table, code);
  for (const table of tables)
    for (const [at, column] of table.pair.columns.entries())
      if (column.written !== undefined) await translate(connection, table, { at, column, tables });
}

async function allotIds(connection: ServerConnection, table: StagedTable, code: OwnerCode): Promise<void> {
  const own = table.pair.ids?.allotted;
  if (!own) return;
  const { fresh } = stageNames(table);
  const at = table.pair.columns.findIndex(({ name }) => name === own.column);
  if (own.is === 'column') {
    await connection.execute(`update ${fresh} set n = ${own.make} where old is null`);
    return;
  }
  const { mapping } = own;
  if (mapping.staged !== null) {
    await connection.execute(`update ${fresh} s set n = ${own.make} where s.old is null
      and not exists (select from (${own.select}) m where m.pgmage_old = s.o${at})`);
    return;
  }
  await runChange(connection, code, insertMapping(table, own, { at, id: own.make }));
}

type TableIds = Extract<AllottedIds, { readonly is: 'table' }>;

function insertMapping(
  { at: place }: StagedTable,
  { mapping, select }: TableIds,
  { at, id }: { readonly at: number; readonly id: string },
): OwnedStatement {
  const { fresh } = stageNames({ at: place });
  const constants = Object.entries(mapping.where);
  const names = [...constants.map(([name]) => name), mapping.old, mapping.new].map(quote);
  const values = [...constants.map(([, value]) => literal(value)), `s.o${at}`, id];
  const isNew = `s.old is null and not exists (select from (${select}) m where m.pgmage_old = s.o${at})`;
  return {
    sql: `insert into ${mapping.table} (${names.join(', ')}) select ${values.join(', ')} from ${fresh} s
      where ${id === 's.n' ? 's.n is not null' : isNew}`,
    tables: [mapping.table],
    reads: [fresh],
    writes: [],
  };
}

/**
 * Writes the mapping of new rows, after these, where it refers to them.
 * @throws Problem of the connection
 */
export async function insertMappings(
  connection: ServerConnection,
  tables: readonly StagedTable[],
  code: OwnerCode,
): Promise<void> {
  for (const table of tables) {
    const own = table.pair.ids?.allotted;
    if (own?.is !== 'table' || own.mapping.staged === null) continue;
    const at = table.pair.columns.findIndex(({ name }) => name === own.column);
    await runChange(connection, code, insertMapping(table, own, { at, id: 's.n' }));
  }
}

/** SQL for the mapping rows of rows that the open transaction has inserted; null: an undo keeps these. */
export function newMapping({
  pair,
  at,
}: StagedTable): { readonly from: string; readonly where: string } | null {
  const own = pair.ids?.allotted;
  const table = pair.ids?.mapping;
  if (own?.is !== 'table' || own.mapping.staged === null || !table) return null;
  const { fresh } = stageNames({ at });
  return {
    from: `${fresh} s, ${readOnly(table)} t`,
    where: `s.n is not null and t.${quote(own.mapping.new)} = s.n`,
  };
}

/** SQL parts for the mapping rows of rows that go; null: these stay. */
export function goneMapping({
  pair,
  at,
}: StagedTable): { readonly from: string; readonly where: string } | null {
  const own = pair.ids?.allotted;
  const table = pair.ids?.mapping;
  if (own?.is !== 'table' || own.mapping.deleted === null || !table) return null;
  const { going } = stageNames({ at });
  const rows = pair.to.table;
  return {
    from: `${readOnly(table)} m`,
    where: `${going} a, ${readOnly(rows)} t
      where t.ctid = a.c and t.tableoid = a.r and ${own.mapping.deleted}`,
  };
}

/**
 * Deletes the mapping of rows that go, before these: it can refer to them.
 * @throws Problem of the connection
 */
export async function deleteMappings(
  connection: ServerConnection,
  tables: readonly StagedTable[],
  code: OwnerCode,
): Promise<void> {
  for (const table of tables) {
    const gone = goneMapping(table);
    if (gone === null) continue;
    await runChange(connection, code, {
      sql: `delete from ${gone.from} using ${gone.where}`,
      tables: [table.pair.ids?.mapping?.name ?? ''],
      reads: [stageNames(table).going],
      writes: [],
    });
  }
}

interface Translation {
  readonly at: number;
  readonly column: ColumnPair;
  readonly tables: readonly StagedTable[];
}

async function translate(
  connection: ServerConnection,
  table: StagedTable,
  { at, column, tables }: Translation,
): Promise<void> {
  const { fresh } = stageNames(table);
  const written = column.written as NewIds;
  const staged = tables.find(({ pair }) => pair.to.table.name === written.of && stagedType(pair) !== null);
  const ids = staged === undefined ? written.select : `${written.select} union all ${stagedIds(staged)}`;
  await connection.execute(
    `update ${fresh} s set c${at} = m.pgmage_new from (${ids}) m where m.pgmage_old = s.o${at}`,
  );
  const [row] = await connection.rows<{ rows: string; one: string }>(
    `select count(*)::text as rows, min(${outputText(`o${at}`)}) as one from ${fresh}
     where o${at} is not null and c${at} is null`,
  );
  if (Number(row?.rows) > 0)
    throw new Problem('sync_refused', {
      source: 'the source',
      target: connection.description,
      faults: [
        `${table.pair.to.table.name} has ` +
          formatCount(row?.rows ?? 0, 'row that refers', 'rows that refer') +
          ` by ${column.name} to rows of ${written.of} that have no new id, for example ${row?.one}`,
      ],
    });
}

// Rows that are not in the target yet.
function stagedIds(table: StagedTable): string {
  const { pair } = table;
  const own = pair.ids?.allotted;
  const at = pair.columns.findIndex(({ name }) => name === own?.column);
  const old = own?.is === 'table' ? `o${at}` : `c${at}`;
  return `select ${old}, n from ${stageNames(table).fresh} where n is not null`;
}
