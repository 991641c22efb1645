// Rows that exchange unique values: finds them in the target, and prepares the way that does no harm.
import type { ServerConnection } from '../pg/connection.ts';
import { Problem } from '../problem/problem.ts';
import {
  conflictRules,
  emptied as emptiedColumns,
  emptyMarked,
  exchangeOf,
  markAll,
  markIdentity,
  markTaken,
  mayMove,
  otherKeyBytes,
} from './conflicts.ts';
import { type OwnerCode, runChange } from './owner-code.ts';
import type { DatabaseShape, UniqueShape } from './shape.ts';
import { type StagedTable, stageNames } from './stages.ts';
import type { ChangingTable } from './statement.ts';
import { setUniquesAside } from './unique-aside.ts';

/**
 * Unique indexes of tables, of which a try has failed: nothing tells beforehand which rows are in conflict.
 */
export type StubbornUniques = ReadonlyMap<string, readonly UniqueShape[]>;

/** The exchanges, by table. */
export interface ExchangeInput {
  readonly tables: readonly ChangingTable[];
  readonly shape: DatabaseShape;
  readonly stubborn: StubbornUniques;
  readonly code: OwnerCode;
}

/** The way that was found. */
export interface Exchanges {
  /** The tables, with the rows that move. */
  readonly tables: readonly ChangingTable[];
  /** How many rows of a table are emptied before. */
  readonly emptied: ReadonlyMap<string, number>;
  /** Empties values, and drops constraints. */
  before(): Promise<void>;
  /** Makes the constraints again. */
  after(): Promise<void>;
}

interface Emptying {
  readonly table: ChangingTable;
  readonly unique: UniqueShape;
  readonly columns: readonly string[];
}

/** Finds the rows. @throws Problem `sync_refused`; of the connection */
export async function exchangeValues(connection: ServerConnection, input: ExchangeInput): Promise<Exchanges> {
  const { shape, stubborn } = input;
  const tables: ChangingTable[] = [];
  const emptying: Emptying[] = [];
  const dropping: { table: string; name: string }[] = [];
  const emptied = new Map<string, number>();
  for (const table of input.tables) {
    const { pair, matched } = table;
    const name = pair.to.table.name;
    if (matched.updates === 0) {
      tables.push(table);
      continue;
    }
    dropping.push(...(await actingKeys(connection, table, shape)));
    for (const { unique, exchange } of conflictRules(pair, shape.foreignKeys)) {
      const taken = exchange === 'move' ? 0 : await countTaken(connection, table, unique);
      if (exchange === 'move') await connection.execute(markTaken(table, unique));
      else if (taken > 0 && exchange === 'drop') dropping.push({ table: name, name: unique.name });
      else if (taken > 0) {
        emptying.push({ table, unique, columns: emptiedColumns(pair, unique, shape.foreignKeys) });
        emptied.set(name, (emptied.get(name) ?? 0) + taken);
      }
    }
    for (const unique of stubborn.get(name) ?? []) {
      if (exchangeOf(pair, unique, shape.foreignKeys) === 'move') await connection.execute(markAll(table));
      else dropping.push({ table: name, name: unique.name });
    }
    tables.push({ ...table, matched: { ...matched, moves: await countMoves(connection, table, shape) } });
  }
  const aside = await setUniquesAside(connection, dropping);
  return {
    tables,
    emptied,
    async before() {
      for (const one of emptying) await emptyValues(connection, one, input.code);
      await aside.down();
    },
    after: () => aside.up(),
  };
}

// A key that changes only for its bytes, such as 'A' to 'a', makes these act on rows that refer to it.
async function actingKeys(
  connection: ServerConnection,
  table: StagedTable,
  { foreignKeys }: DatabaseShape,
): Promise<{ table: string; name: string }[]> {
  const keys = foreignKeys.filter(
    ({ refersTo, onUpdate }) => refersTo === table.pair.to.table.name && onUpdate !== 'no action',
  );
  // Integers that are equal have the same bytes.
  if (keys.length === 0 || table.pair.range !== null) return [];
  const [row] = await connection.rows<{ acts: boolean }>(`select exists (${otherKeyBytes(table)}) as acts`);
  return row?.acts ? keys.map(({ table: from, name }) => ({ table: from, name })) : [];
}

async function countTaken(
  connection: ServerConnection,
  table: StagedTable,
  unique: UniqueShape,
): Promise<number> {
  await connection.execute(markTaken(table, unique));
  const { changing } = stageNames(table);
  const [row] = await connection.rows<{ taken: string }>(
    `select count(*)::text as taken from ${changing} where moves`,
  );
  await connection.execute(`update ${changing} set moves = false where moves`);
  return Number(row?.taken);
}

async function countMoves(
  connection: ServerConnection,
  table: StagedTable,
  { foreignKeys }: DatabaseShape,
): Promise<number> {
  const identity = markIdentity(table);
  await connection.execute(identity.join('; '));
  const [row] = await connection.rows<{ moves: string }>(
    `select count(*)::text as moves from ${stageNames(table).changing} where moves`,
  );
  const moves = Number(row?.moves);
  if (moves > 0 && !mayMove(table.pair, foreignKeys))
    throw new Problem('sync_refused', {
      source: 'the source',
      target: connection.description,
      faults: [
        `an identity column of ${table.pair.to.table.name} differs, and a foreign key acts on its rows`,
      ],
    });
  return moves;
}

async function emptyValues(
  connection: ServerConnection,
  { table, unique, columns }: Emptying,
  code: OwnerCode,
): Promise<void> {
  const { changing } = stageNames(table);
  await connection.execute(markTaken(table, unique));
  await runChange(connection, code, {
    sql: emptyMarked(table, columns),
    tables: [table.pair.to.table.name],
    reads: [changing],
    writes: [changing],
  });
}
