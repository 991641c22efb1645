// Temporary tables with the rows that a target needs, and the places of its rows that are as they were when
// they were compared. These rows are locked, so that the statement that changes them only needs their
// places.
import { buildRowHash, buildWhere } from './buckets.ts';
import { findPacked } from './packed-columns.ts';
import type { ColumnShape, TablePair } from './shape.ts';

/** One table of a change, and its place in the list of them, which names its temporary tables. */
export interface StagedTable {
  readonly pair: TablePair;
  readonly at: number;
}

/** How many rows of a table a statement will change. */
export interface Matched {
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /** Updates that are done by deleting and inserting the row. */
  readonly moves: number;
  /** Rows that are not as they were when they were compared: another session changed them. */
  readonly waiting: number;
}

/**
 * The names of its temporary tables: rows that are wanted, and that go, and the places of rows that change,
 * and that go.
 */
export function stageNames({
  at,
}: Pick<StagedTable, 'at'>): Record<'fresh' | 'gone' | 'changing' | 'going', string> {
  const name = (what: string) => `pg_temp.pgmage_${what}_${at}`;
  return { fresh: name('fresh'), gone: name('gone'), changing: name('changing'), going: name('going') };
}

/**
 * SQL that makes the temporary tables. A domain becomes the type that it is over: its checks are code of its
 * owner.
 */
export function createStages(table: StagedTable): string {
  const { fresh, gone, changing, going } = stageNames(table);
  const { columns, key, to } = table.pair;
  const typed = (pairs: TablePair['columns'], prefix: string) =>
    pairs.map(({ value, type }, at) => `(${value.to})::${type} as ${prefix}${at}`);
  const packed = findPacked(table.pair);
  const wanted = columns.map(({ value, type, written }, at) =>
    written === undefined
      ? `(${value.to})::${type} as c${at}`
      : `(${value.to})::${type} as o${at}, (${written.value})::${written.type} as c${at}`,
  );
  const whole = wanted.filter((_, at) => !packed.has(at));
  const staged = stagedType(table.pair);
  const own = staged === null ? [] : [`null::${staged} as n`];
  const make = (name: string, values: readonly string[]) =>
    `create temporary table ${name} on commit drop as
      select ${values.join(', ')} from ${to.from} with no data`;
  return [
    make(fresh, [
      ...whole,
      ...(packed.size > 0 ? ['null::text[] as packed'] : []),
      'null::int8 as old',
      ...own,
    ]),
    make(gone, [
      ...typed(key, 'k'),
      'null::int8 as old',
      ...(key.length > 0 ? [] : ['null::int8 as copies']),
    ]),
    `create temporary table ${changing} (s tid, r oid, c tid, moves bool, swept bool) on commit drop`,
    `create temporary table ${going} (r oid, c tid) on commit drop`,
  ].join(';\n');
}

/** The type of the new ids that a stage keeps in a column n; null: it keeps none. */
export function stagedType({ ids }: Pick<TablePair, 'ids'>): string | null {
  const own = ids?.allotted;
  return own?.is === 'column' ? own.type : (own?.mapping.staged ?? null);
}

/** SQL that finds and locks the rows, and counts them. */
export function matchStages(table: StagedTable): readonly string[] {
  const { fresh, gone, changing, going } = stageNames(table);
  const { pair } = table;
  const { key, to } = pair;
  const hash = buildRowHash(pair, 'to');
  const where = (more: string) => buildWhere(pair, 'to', more);
  const change = (from: string, condition: string, swept: boolean) =>
    `insert into ${changing} select s.ctid, t.tableoid, t.ctid, false, ${swept}
      from ${from}, ${to.from} ${condition} for no key update of t`;
  if (key.length === 0) return matchWithoutKey(table);
  const goneKey = key.map((_, at) => `g.k${at}`);
  return [
    `analyze ${fresh}; analyze ${gone}`,
    change(
      `${fresh} s`,
      where(`${sameKey(pair, keyOf(pair), freshKey(pair))} and ${isSame('s.old', hash)}`),
      false,
    ),
    // Keys that the target takes for one: 'A' and 'a', 1.0 and 1.00.
    change(
      `${fresh} s, ${gone} g`,
      where(
        `s.old is null and ${sameKey(pair, goneKey, freshKey(pair))} 
          and ${sameKey(pair, keyOf(pair), goneKey)} and ${isSame('g.old', hash)}`,
      ),
      true,
    ),
    // By OR, the server could only compare every row with every other one.
    ...['a.s = b.s', 'a.r = b.r and a.c = b.c'].map(
      (same) => `delete from ${changing} a using ${changing} b where a.ctid > b.ctid and ${same} and a.swept`,
    ),
    ...(to.where === '' ? [] : [change(`${fresh} s`, outside(table), false)]),
    `insert into ${going} select t.tableoid, t.ctid from ${gone} g, ${to.from}
      ${where(`${sameKey(pair, keyOf(pair), goneKey)} and ${isSame('g.old', hash)}`)} for update of t`,
    // Not as a condition of the query before: the planner expects one row there, and would read the whole
    // list for each.
    `delete from ${going} g using ${changing} a where a.r = g.r and a.c = g.c`,
  ];
}

// Not as a condition to join by: the server would hash every row of the table.
const isSame = (old: string, hash: string) => `(${old} = ${hash}) is true`;

// A row with a wanted key may be there, but not among the rows that take part.
function outside(table: StagedTable): string {
  const { pair } = table;
  return `where s.old is null and ${sameKey(pair, keyOf(pair), freshKey(pair))}
    and (${pair.to.where}) is not true
    and not exists (select from ${stageNames(table).changing} a where a.s = s.ctid)`;
}

// As many of the equal rows as are too many.
function matchWithoutKey(table: StagedTable): readonly string[] {
  const { fresh, gone, going } = stageNames(table);
  const { pair } = table;
  const { to } = pair;
  const hash = buildRowHash(pair, 'to');
  return [
    `analyze ${fresh}; analyze ${gone}`,
    `insert into ${going} select t.tableoid, t.ctid from (select t.tableoid as r, t.ctid as c, ${hash} as h,
          row_number() over (partition by ${hash}) as n
          from ${to.from}${buildWhere(pair, 'to')}) v, ${gone} g, ${to.from}
        where g.old = v.h and v.n <= g.copies and t.ctid = v.c and t.tableoid = v.r and ${hash} = v.h
        for update of t`,
  ];
}

/** A query for what was matched (`Matched`, as texts); `moves` is marked later. */
export function countMatched(table: StagedTable): string {
  const { fresh, gone, changing, going } = stageNames(table);
  const count = (from: string) => `(select count(*) from ${from})`;
  const wanted = table.pair.key.length > 0 ? count(gone) : `(select coalesce(sum(copies), 0) from ${gone})`;
  const unmatched = `not exists (select from ${changing} a where a.s = s.ctid)`;
  return `select ${count(changing)}::text as updates, ${count(`${changing} where moves`)}::text as moves,
    ${count(`${fresh} s where s.old is null and ${unmatched}`)}::text as inserts,
    ${count(going)}::text as deletes,
    (${count(`${fresh} s where s.old is not null and ${unmatched}`)} + ${wanted} - ${count(going)}
      - ${count(`${changing} where swept`)})::text as waiting`;
}

/** The target's column that a pair of columns fills. */
export const writtenColumn = ({ to }: TablePair, name: string): ColumnShape =>
  to.table.columns.find((one) => one.name === name) as ColumnShape;

/** SQL of the key over t, in the target. */
export const keyOf = ({ key }: TablePair): string[] => key.map(({ value }) => value.to);

/** SQL of the key over s, in the wanted rows. */
export const freshKey = (pair: TablePair): string[] =>
  pair.key.map((one) => {
    const at = pair.columns.findIndex(({ name }) => name === one.name);
    return `s.${one.written === undefined ? 'c' : 'o'}${at}`;
  });

/** The columns of the wanted rows, as a spool has them. */
export function loadedColumns(pair: TablePair): string[] {
  const packed = findPacked(pair);
  const names = pair.columns.map(({ written }, at) => `${written === undefined ? 'c' : 'o'}${at}`);
  return [...names.filter((_, at) => !packed.has(at)), ...(packed.size > 0 ? ['packed'] : []), 'old'];
}

/** An SQL condition that two keys are the same to the target. */
export function sameKey(pair: TablePair, left: readonly string[], right: readonly string[]): string {
  return pair.key
    .map(({ name }, at) => {
      const [a, b] = [left[at], right[at]];
      return writtenColumn(pair, name)?.notNull === false
        ? `(${a} = ${b} or ${a} is null and ${b} is null)`
        : `${a} = ${b}`;
    })
    .join(' and ');
}
