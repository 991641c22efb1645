// Keeps what a change replaces: old rows before the statement, and the hashes of new ones after it. A row is
// put back only if it is still as the change has left it.
import { quote } from '../model/quote.ts';
import type { ServerConnection } from '../pg/connection.ts';
import { applyHashRule } from '../pg/row-hash.ts';
import type { ChangedTable } from './apply.ts';
import { buildRowHash } from './buckets.ts';
import { goneMapping, newMapping } from './ids-writing.ts';
import { findPacked, packValues } from './packed-columns.ts';
import type { TablePair, TableShape } from './shape.ts';
import { keyOf, sameKey, stageNames } from './stages.ts';
import type { ChangingTable } from './statement.ts';
import type { UndoTable, UndoWriter } from './undo-file.ts';

/** A table paired with itself, by all columns that can be written. */
export function pairWithItself(table: TableShape, key: readonly string[]): TablePair {
  const columns = table.columns
    .filter(({ generated }) => generated === null)
    .map(({ name, plain, rule }) => {
      const value = `t.${quote(name)}`;
      const hash = applyHashRule(rule, value);
      return { name, type: plain, value: { from: value, to: value }, hash: { from: hash, to: hash } };
    });
  const side = { table, from: `${table.isPartitioned ? '' : 'only '}${table.name} t`, where: '' };
  return {
    from: side,
    to: side,
    columns,
    // In the order of the key that other queries write.
    key: key.flatMap((name) => columns.filter((one) => one.name === name)),
    keyText: key.join(', '),
    fitChecks: [],
    uncheckedKey: { from: false, to: false },
    range: null,
    configured: [],
    ids: null,
    since: null,
  };
}

const oldRows = ({ at }: ChangingTable) => `pg_temp.pgmage_old_${at}`;

/** Keeps the rows that will be updated or deleted, which are locked. @throws Problem of the connection */
export async function keepOldRows(
  connection: ServerConnection,
  tables: readonly ChangingTable[],
): Promise<void> {
  for (const table of tables) {
    const { changing, going } = stageNames(table);
    const pair = undoPair(table);
    const values = pair.columns.map(({ value, type }, at) => `(${value.to})::${type} as c${at}`);
    const places = `(select r, c from ${changing} union all select r, c from ${going})`;
    await connection.execute(
      `create temporary table ${oldRows(table)} on commit drop as select ${values.join(', ')}
         from ${places} a, ${pair.to.from} where t.ctid = a.c and t.tableoid = a.r`,
    );
    await keepMapping(connection, table);
  }
}

const oldMapping = ({ at }: ChangingTable) => `pg_temp.pgmage_unmapped_${at}`;

// The mapping of rows that go. Without it, they would be rows of the target alone when they are back.
async function keepMapping(connection: ServerConnection, table: ChangingTable): Promise<void> {
  const gone = goneMapping(table);
  const pair = mappingPair(table);
  if (gone === null || pair === null) return;
  const values = pair.columns.map(({ name, type }, at) => `(m.${quote(name)})::${type} as c${at}`);
  await connection.execute(
    `create temporary table ${oldMapping(table)} on commit drop as select ${values.join(', ')}
       from ${gone.from}, ${gone.where}`,
  );
}

function mappingPair({ pair }: ChangingTable): TablePair | null {
  const table = pair.ids?.mapping;
  if (!table) return null;
  return pairWithItself(table, table.uniques.find(({ isKey }) => isKey)?.columns ?? []);
}

const undoPair = ({ pair }: ChangingTable) =>
  pairWithItself(
    pair.to.table,
    pair.key.map(({ name }) => name),
  );

/** Writes the undo file after the change. @throws Problem `unwritable_file`; of the connection */
export async function writeUndoRows(
  connection: ServerConnection,
  tables: readonly ChangedTable[],
  undo: UndoWriter,
): Promise<void> {
  for (const table of tables) {
    const pair = undoPair(table);
    const told = undoTable(pair);
    if (table.updated + table.deleted > 0)
      await undo.write(told, 'fresh', connection.copyOut(`copy (${oldQuery(table, pair)}) to stdout`));
    const mapping = goneMapping(table) === null ? null : mappingPair(table);
    if (mapping !== null && table.deleted > 0)
      await undo.write(undoTable(mapping), 'fresh', connection.copyOut(mappingQuery(table, mapping)));
    const added = newMapping(table);
    const pairOfMapping = mappingPair(table);
    if (added !== null && pairOfMapping !== null && table.inserted > 0) {
      const rows = newMappingQuery(pairOfMapping, added);
      await undo.write(undoTable(pairOfMapping), 'gone', connection.copyOut(`copy (${rows}) to stdout`));
    }
    if (table.inserted > 0)
      await undo.write(told, 'gone', connection.copyOut(`copy (${newQuery(table, pair)}) to stdout`));
  }
}

function undoTable(pair: TablePair): UndoTable {
  const { to, key, columns } = pair;
  const packed = findPacked(pair);
  return {
    name: to.table.name,
    key: key.map(({ name }) => name),
    columns: columns.map(({ name, type }) => ({ name, type })),
    ...(packed.size > 0 && { packed: columns.filter((_, at) => packed.has(at)).map(({ name }) => name) }),
  };
}

const mappingQuery = (table: ChangingTable, pair: TablePair) =>
  `copy (select ${packValues(
    pair,
    pair.columns.map((_, at) => `o.c${at}`),
  ).join(', ')}, null::int8 from ${oldMapping(table)} o) to stdout`;

function oldQuery(table: ChangingTable, pair: TablePair): string {
  const values = packValues(
    pair,
    pair.columns.map((_, at) => `o.c${at}`),
  );
  if (pair.key.length === 0) return `select ${[...values, 'null::int8'].join(', ')} from ${oldRows(table)} o`;
  const key = pair.key.map((one) => `o.c${pair.columns.indexOf(one)}`);
  return `select ${values.join(', ')}, case when t.tableoid is not null then ${buildRowHash(pair, 'to')} end
    from ${oldRows(table)} o
    left join ${pair.to.from} on ${sameKey(pair, keyOf(pair), key)}`;
}

// They refer to the rows that go.
function newMappingQuery(
  pair: TablePair,
  { from, where }: { readonly from: string; readonly where: string },
): string {
  const hash = buildRowHash(pair, 'to');
  const own = `from ${from} where ${where}`;
  return pair.key.length === 0
    ? `select ${hash}, count(*) ${own} group by 1`
    : `select ${keyOf(pair).join(', ')}, ${hash} ${own}`;
}

const isOwn = 't.xmin = pg_current_xact_id()::xid';

// Rows that were inserted have no old row.
function newQuery(table: ChangingTable, pair: TablePair): string {
  const hash = buildRowHash(pair, 'to');
  if (pair.key.length === 0) return `select ${hash}, count(*) from ${pair.to.from} where ${isOwn} group by 1`;
  const { fresh, changing } = stageNames(table);
  const wanted = table.pair.key.map((one) => `s.c${table.pair.columns.indexOf(one)}`);
  return `select ${keyOf(pair).join(', ')}, ${hash} from ${fresh} s, ${pair.to.from}
    where s.old is null and not exists (select from ${changing} a where a.s = s.ctid) and ${isOwn}
      and ${sameKey(pair, keyOf(pair), wanted)}`;
}
