// One statement that changes all tables which foreign keys connect. The server checks these keys at its end,
// so that neither the order of the rows nor cycles matter. Rows are found by their places, which are locked
// (`stages.ts`).
import { quote } from '../model/quote.ts';
import { stagedValues } from './packed-columns.ts';
import type { TablePair } from './shape.ts';
import { type Matched, type StagedTable, stageNames, writtenColumn } from './stages.ts';

/** A table with what is to change in it. */
export interface ChangingTable extends StagedTable {
  readonly matched: Matched;
}

/** The changes of a statement to one table. */
export interface RowCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** The table that keeps the counts: a function that runs as an owner returns none. */
export const countsTable = 'pg_temp.pgmage_counts';

/**
 * The target's columns that no column of the source fills, and that are not generated: rows keep their
 * values there.
 */
export function ownColumns({ to, columns }: TablePair): readonly string[] {
  const known = new Set(columns.map(({ name }) => name));
  return to.table.columns
    .filter(({ name, generated }) => generated === null && !known.has(name))
    .map(({ name }) => name);
}

type Part = 'd' | 'm' | 'u' | 'i' | 'r';

/**
 * Builds the statement. The parts of a WITH run in no fixed order (manual: "Data-Modifying Statements in
 * WITH"), so each reads how many rows the one before has changed: rows go before others take their unique
 * values. The names in it have schemas.
 */
export function buildChange(tables: readonly ChangingTable[]): string {
  const parts = (['d', 'm', 'u', 'i', 'r'] as const).flatMap((part) =>
    tables.filter((table) => counts(table)[part] > 0).map((table) => ({ part, table })),
  );
  const sql = parts.map(({ part, table }, at) => {
    const before = parts[at - 1];
    const waits =
      before === undefined
        ? 'true'
        : `(select pg_catalog.count(*) from ${nameOf(before.part, before.table)}) >= 0`;
    return `${nameOf(part, table)} as (${builders[part](table, waits)})`;
  });
  const all = tables.flatMap((table) =>
    (['i', 'u', 'r', 'd'] as const).map((part) =>
      counts(table)[part] > 0 ? `(select pg_catalog.count(*) from ${nameOf(part, table)})` : '0',
    ),
  );
  return `with ${sql.join(',\n')}\ninsert into ${countsTable} select array[${all.join(', ')}]::int8[]`;
}

/** The counts of each table, from the array that the statement writes. */
export function countsOf(tables: readonly ChangingTable[], numbers: readonly number[]): RowCounts[] {
  return tables.map((_, at) => {
    const [inserted = 0, updated = 0, moved = 0, deleted = 0] = numbers.slice(at * 4, at * 4 + 4);
    return { inserted, updated: updated + moved, deleted };
  });
}

/** The changes that a statement makes to a table, where no other session inserts the same rows. */
export const expectedCounts = ({ matched }: ChangingTable): RowCounts => ({
  inserted: matched.inserts,
  updated: matched.updates,
  deleted: matched.deletes,
});

function counts({ matched }: ChangingTable): Record<Part, number> {
  const { inserts, updates, deletes, moves } = matched;
  return { d: deletes, m: moves, u: updates - moves, i: inserts, r: moves };
}

const nameOf = (part: Part, { at }: StagedTable) => `${part}${at}`;

const builders: Record<Part, (table: ChangingTable, waits: string) => string> = {
  d: (table, waits) =>
    `delete from ${rowsOf(table)} t using ${stageNames(table).going} a
      where t.ctid = a.c and t.tableoid = a.r and ${waits} returning 1`,
  m: (table, waits) => {
    const own = ownColumns(table.pair).map((name, at) => `, t.${quote(name)} as o${at}`);
    return `delete from ${rowsOf(table)} t using ${stageNames(table).changing} a
      where a.moves and t.ctid = a.c and t.tableoid = a.r and ${waits} returning a.s${own.join('')}`;
  },
  u: (table, waits) => {
    const { fresh, changing } = stageNames(table);
    const staged = stagedValues(table.pair);
    const sets = table.pair.columns.flatMap(({ name }, at) =>
      writtenColumn(table.pair, name).identity === 'always' ? [] : [`${quote(name)} = ${staged[at]}`],
    );
    return `update ${rowsOf(table)} t set ${sets.join(', ')} from ${fresh} s, ${changing} a
      where a.s = s.ctid and not a.moves and t.ctid = a.c and t.tableoid = a.r and ${waits} returning 1`;
  },
  i: (table, waits) => {
    const { fresh, changing } = stageNames(table);
    const allotted = table.pair.ids?.allotted;
    const [id, n] = allotted?.is === 'column' ? [`, ${quote(allotted.id)}`, ', s.n'] : ['', ''];
    // Without columns in common, every column takes its default.
    const list = table.pair.columns.length === 0 ? '' : ` (${names(table, [])}${id})`;
    return `insert into ${table.pair.to.table.name}${list} overriding system value
      select ${values(table, [])}${n} from ${fresh} s
      where s.old is null and ${waits}
        and not exists (select from ${changing} a where a.s = s.ctid)${skipping(table)}
      returning 1`;
  },
  r: (table, waits) => {
    const own = ownColumns(table.pair);
    return `insert into ${table.pair.to.table.name} (${names(table, own)}) overriding system value
      select ${values(table, own)} from ${stageNames(table).fresh} s
        join ${nameOf('m', table)} m on m.s = s.ctid
      where ${waits} returning 1`;
  },
};

// Rows of heirs are tables of their own.
function rowsOf({ pair: { to } }: StagedTable): string {
  return `${to.table.isPartitioned ? '' : 'only '}${to.table.name}`;
}

const names = ({ pair }: StagedTable, own: readonly string[]) =>
  [...pair.columns.map(({ name }) => name), ...own].map(quote).join(', ');
const values = ({ pair }: StagedTable, own: readonly string[]) =>
  [...stagedValues(pair), ...own.map((_, at) => `m.o${at}`)].join(', ');

// A row that another session has inserted meanwhile is left to the next run.
function skipping({ pair: { key, to } }: StagedTable): string {
  const wanted = new Set(key.map(({ name }) => name));
  const isKept = to.table.uniques.some(
    ({ columns, partial, deferrable, is }) =>
      is !== 'exclusion' &&
      !partial &&
      !deferrable &&
      columns?.length === wanted.size &&
      columns.every((name) => wanted.has(name)),
  );
  return isKept && wanted.size > 0
    ? `\n      on conflict (${key.map(({ name }) => quote(name)).join(', ')}) do nothing`
    : '';
}
