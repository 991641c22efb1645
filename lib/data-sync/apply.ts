// Changes the rows of a target in the open transaction: temporary tables, places of the rows, one statement
// for each group of tables, effects on others.

import { literal } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { formatCount } from '../problem/amount.ts';
import { Problem } from '../problem/problem.ts';
import { type Exchanges, exchangeValues, type StubbornUniques } from './exchanges.ts';
import { groupTables, reachedByActions } from './groups.ts';
import { deleteMappings, insertMappings, writeIds } from './ids-writing.ts';
import { type OwnerCode, readOwnerCode, runChange } from './owner-code.ts';
import type { DatabaseShape, TablePair, TableShape } from './shape.ts';
import {
  findSideEffects,
  firingTriggers,
  type OwnEffects,
  readEffects,
  type SideEffect,
  switchTriggers,
} from './side-effects.ts';
import type { Spool } from './spool.ts';
import {
  countMatched,
  createStages,
  loadedColumns,
  type Matched,
  matchStages,
  type StagedTable,
  stageNames,
} from './stages.ts';
import { buildChange, type ChangingTable, countsOf, countsTable, expectedCounts } from './statement.ts';

/** The rows that one table of a target needs (`RowSpools`). */
export interface TableChange {
  readonly pair: TablePair;
  readonly fresh: Pick<Spool, 'read' | 'size'>;
  readonly gone: Pick<Spool, 'read' | 'size'>;
}

/** A change of rows. */
export interface RowChange {
  readonly changes: readonly TableChange[];
  /** Of the target. */
  readonly shape: DatabaseShape;
  /** True if triggers fire. */
  readonly triggersFire: boolean;
  /** Unique indexes of which an earlier try has failed. */
  readonly stubborn: StubbornUniques;
  /** Called when the rows are found and locked, before they change. */
  readonly onMatched?: (tables: readonly ChangingTable[]) => Promise<void>;
}

/** The result for one table. */
export interface ChangedTable extends ChangingTable {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that another session has changed or inserted meanwhile: they wait for the next run. */
  readonly waiting: number;
}

/** The result of a change. */
export interface ChangeResult {
  readonly tables: readonly ChangedTable[];
  readonly sideEffects: readonly SideEffect[];
}

/**
 * Changes rows.
 * @throws Problem `sync_refused`, `not_as_source` where a trigger keeps the server from it; of the
 * connection
 */
export async function changeRows(connection: ServerConnection, change: RowChange): Promise<ChangeResult> {
  const staged = change.changes.map((one, at) => ({ ...one, at }));
  const { off, on } = triggersOf(change);
  await connection.execute(
    `set constraints all immediate; create temporary table ${countsTable} (counts int8[]) on commit drop`,
  );
  for (const table of staged) await fillStages(connection, table);
  await connection.execute(off);
  const code = await readOwnerCode(connection);
  await writeIds(connection, staged, code);
  const found: ChangingTable[] = [];
  for (const table of staged) found.push({ ...table, matched: await matchRows(connection, table) });
  const touched = found.filter(({ matched }) => matched.inserts + matched.updates + matched.deletes > 0);
  await change.onMatched?.(touched);
  const exchanges = await exchangeValues(connection, { ...change, tables: touched, code });
  await deleteMappings(connection, touched, code);
  const before = await readEffects(connection);
  await exchanges.before();
  const changed = await runGroups(connection, change, exchanges, code);
  await exchanges.after();
  const effects = findSideEffects(before, await readEffects(connection), ownEffects(changed, exchanges));
  await insertMappings(connection, touched, code);
  // Last: the code of owners was read while triggers were off, and would run as the session.
  await connection.execute(on);
  const untouched = found.filter((one) => !touched.includes(one)).map(unchanged);
  return { tables: [...changed, ...untouched], sideEffects: effects };
}

const unchanged = (table: ChangingTable): ChangedTable => ({
  ...table,
  inserted: 0,
  updated: 0,
  deleted: 0,
  waiting: table.matched.waiting,
});

// Triggers of tables that foreign keys act on, too: the server would run them for the session.
function triggersOf({ changes, shape, triggersFire }: RowChange): { off: string; on: string } {
  const tables = changes.map(({ pair }) => pair.to.table);
  if (triggersFire) return { off: '', on: '' };
  const foreign = tables.find((table) => !table.may.own && firingTriggers(table).length > 0);
  if (foreign !== undefined)
    throw new Problem('triggers_fire', {
      table: foreign.name,
      triggers: firingTriggers(foreign).map(({ name }) => name),
    });
  const names = tables.map(({ name }) => name);
  const reached = [...reachedByActions(names, shape.foreignKeys)].map((name) => shape.tables.get(name));
  return switchTriggers([...tables, ...reached.filter((one): one is TableShape => one !== undefined)]);
}

async function fillStages(
  connection: ServerConnection,
  table: StagedTable & Pick<TableChange, 'fresh' | 'gone'>,
): Promise<void> {
  const { fresh, gone } = stageNames(table);
  await connection.execute(createStages(table));
  if (table.fresh.size() > 0)
    await connection.copyIn(
      `copy ${fresh} (${loadedColumns(table.pair).join(', ')}) from stdin`,
      table.fresh.read(),
    );
  if (table.gone.size() > 0) await connection.copyIn(`copy ${gone} from stdin`, table.gone.read());
}

async function matchRows(connection: ServerConnection, table: StagedTable): Promise<Matched> {
  await connection.execute(matchStages(table).join(';\n'));
  return readMatched(connection, table);
}

async function readMatched(connection: ServerConnection, table: StagedTable): Promise<Matched> {
  const [row] = await connection.rows<Record<keyof Matched, string>>(countMatched(table));
  const { inserts, updates, deletes, moves, waiting } = row as Record<keyof Matched, string>;
  return {
    inserts: Number(inserts),
    updates: Number(updates),
    deletes: Number(deletes),
    moves: Number(moves),
    waiting: Number(waiting),
  };
}

async function runGroups(
  connection: ServerConnection,
  { shape }: RowChange,
  { tables }: Exchanges,
  code: OwnerCode,
): Promise<ChangedTable[]> {
  const byName = new Map(tables.map((table) => [table.pair.to.table.name, table]));
  const changed: ChangedTable[] = [];
  for (const group of groupTables({ tables: byName, foreignKeys: shape.foreignKeys })) {
    await connection.execute(`delete from ${countsTable}`);
    await runChange(connection, code, {
      sql: buildChange(group),
      tables: group.map(({ pair }) => pair.to.table.name),
      reads: group.flatMap((one) => {
        const { fresh, changing, going } = stageNames(one);
        return [fresh, changing, going];
      }),
      writes: [countsTable],
    });
    const [row] = await connection.rows<{ counts: string[] }>(
      `select pg_catalog.to_json(counts) as counts from ${countsTable}`,
    );
    const numbers = (row?.counts ?? []).map(Number);
    changed.push(
      ...countsOf(group, numbers).map((counts, at) => checked(group[at] as ChangingTable, counts)),
    );
  }
  return changed;
}

// A locked row is only left alone by a trigger. A row that could not be inserted is there meanwhile.
function checked(table: ChangingTable, counts: ReturnType<typeof expectedCounts>): ChangedTable {
  const wanted = expectedCounts(table);
  const name = table.pair.to.table.name;
  if (counts.updated !== wanted.updated || counts.deleted !== wanted.deleted)
    throw new Problem('not_as_source', {
      source: 'the source',
      target: name,
      differences: [
        `${formatCount(wanted.updated - counts.updated, 'row was', 'rows were')} not updated,
        ${wanted.deleted - counts.deleted} not deleted`.replace(/\s+/g, ' '),
      ],
    });
  return { ...table, ...counts, waiting: table.matched.waiting + wanted.inserted - counts.inserted };
}

function ownEffects(
  tables: readonly ChangedTable[],
  { emptied }: Exchanges,
): ReadonlyMap<string, OwnEffects> {
  return new Map(
    tables.map(({ pair, matched, inserted, updated, deleted }) => {
      const { name, isPartitioned } = pair.to.table;
      const { moves } = matched;
      return [
        name,
        {
          isPartitioned,
          inserted: inserted + moves,
          updated: updated - moves + (emptied.get(name) ?? 0),
          deleted: deleted + moves,
        },
      ];
    }),
  );
}

/**
 * SQL for the settings of a transaction that changes rows. The pages of these rows are read and written in
 * any case, so finding them by an index costs no more than that.
 */
export const changeSettings = (lockTimeout: number): string =>
  `select pg_catalog.set_config('random_page_cost', '1.1', true),
    pg_catalog.set_config('lock_timeout', ${literal(String(lockTimeout))}, true),
    pg_catalog.set_config('row_security', 'off', true)`;
