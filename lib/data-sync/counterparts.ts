// Pairs the tables of two databases, by name or configuration, and says what becomes of each table and
// column.
import { findIds, findReferences, type TableIds } from './ids.ts';
import { joinIds } from './ids-columns.ts';
import { findKey } from './keys.ts';
import type { PairingWish, TableWish } from './paired-columns.ts';
import type { BothSides, ConfiguredSql, DatabaseShape, PairingNote, TablePair, TableShape } from './shape.ts';
import { pairSince } from './since.ts';
import { type PairMeans, pairColumns } from './table-columns.ts';

/** Tables that are compared, and what became of every table and column that is not carried as it is. */
export interface Pairing {
  readonly pairs: readonly TablePair[];
  readonly notes: readonly PairingNote[];
}

/** Pairs two databases. */
export function pairTables(shapes: BothSides<DatabaseShape>, wish: PairingWish): Pairing {
  const { from, to } = shapes;
  const ids = findIds(shapes, wish.tables);
  const notes: PairingNote[] = [];
  const pairs: TablePair[] = [];
  const taken = new Set<string>();
  const byName = new Map(
    [...to.tables.values()].flatMap((one) => [[one.path.join('.'), one] as const, [one.name, one] as const]),
  );
  for (const table of from.tables.values()) {
    if (!wish.isWanted(table)) continue;
    const own = wishOf(table, wish);
    const name = own.to ?? table.path.join('.');
    const there = byName.get(name);
    const refusal = there === undefined ? missingTable(table, name) : refusalOf(table, there, taken);
    if (there !== undefined) taken.add(there.name);
    if (there === undefined || refusal !== null) {
      if (refusal !== null) notes.push(refusal);
      continue;
    }
    const { casts, hasForeignCasts } = from;
    const tables = { from: table, to: there };
    const references = findReferences(tables, ids, own, shapes);
    const means = { own: withKeptIds(own, ids.get(table.name)), wish, casts, hasForeignCasts };
    pairs.push(...pairOf(tables, { ...means, references, ids: ids.get(table.name) }, notes));
  }
  for (const table of to.tables.values())
    if (!taken.has(table.name) && wish.isWanted(table))
      notes.push({ verdict: 'skipped', what: table.name, reason: 'the source has no such table' });
  return { pairs, notes };
}

const wishOf = (table: TableShape, { tables }: PairingWish): TableWish =>
  tables[table.path.join('.')] ?? tables[table.name] ?? {};

const missingTable = ({ name }: TableShape, there: string): PairingNote => ({
  verdict: 'skipped',
  what: name,
  reason: `the target has no table ${there}`,
  isLeftOut: true,
});

function refusalOf(from: TableShape, to: TableShape, taken: ReadonlySet<string>): PairingNote | null {
  const refuse = (reason: string): PairingNote => ({
    verdict: 'refused',
    what: to.name,
    reason,
    forbids: 'comparing',
  });
  if (taken.has(to.name))
    return refuse(`another table of the source is paired with it, besides ${from.name}`);
  for (const [side, table] of [
    ['source', from],
    ['target', to],
  ] as const) {
    if (table.isAbsent)
      return {
        verdict: 'skipped',
        what: to.name,
        reason: `the ${side} is a standby, which does not have the rows of an unlogged table`,
      };
    if (!table.may.select) return refuse(`the role of the ${side} may not read it`);
    if (table.isHidden) return refuse(`row security hides rows from the role of the ${side}`);
    if (table.plannedCode.length > 0)
      return refuse(`${table.plannedCode[0]}, which would run with your rights in the ${side}`);
    if (table.foreignPartitions.length > 0)
      return refuse(`its partition ${table.foreignPartitions[0]} is a foreign table in the ${side}`);
  }
  return null;
}

// A column of the target with the old id is paired with the source's id.
function withKeptIds(own: TableWish, ids: TableIds | undefined): TableWish {
  if (ids?.kept.is !== 'column') return own;
  return { ...own, columns: { ...own.columns, [ids.kept.old.name]: ids.id.from.name } };
}

function pairOf(tables: BothSides<TableShape>, means: PairMeans, notes: PairingNote[]): TablePair[] {
  const { from, to } = tables;
  const { columns, fitChecks, plain, joins, isRefused } = pairColumns(tables, means, notes);
  notes.push(...carriedNotes(tables, plain));
  if (to.rules.length > 0)
    notes.push({
      verdict: 'refused',
      what: to.name,
      reason: `its rule ${to.rules[0]} changes what a statement does`,
      forbids: 'writing',
    });
  if (isRefused) return [];
  const key = findKey({ from, to, columns, plain }, configuredKey(to, means));
  if (typeof key === 'string') {
    notes.push({ verdict: 'refused', what: to.name, reason: key, forbids: 'comparing' });
    return [];
  }
  const where = means.own.where;
  const sides = typeof where === 'string' ? { from: where, to: where } : { from: '', to: '', ...where };
  const pair = {
    from: { table: from, from: rowsOf(from), where: both(sides.from, from) },
    columns,
    fitChecks,
    configured: [...configuredSql(tables, columns, means.own, sides), ...maskedSql(from, means)],
    ...key,
    ...joinIds({ table: to, from: rowsOf(to), where: both(sides.to, to) }, key, joins, means),
  };
  return [{ ...pair, since: pairSince(pair, means.own) }];
}

// Differences that make no difference for rows.
function carriedNotes(
  { from, to }: BothSides<TableShape>,
  plain: ReadonlyMap<string, string>,
): PairingNote[] {
  const note = (reason: string): PairingNote => ({ verdict: 'carried', what: to.name, reason });
  const primary = ({ uniques }: TableShape) => uniques.find(({ is }) => is === 'primary key')?.columns ?? [];
  const [here, there] = [primary(from), primary(to).map((name) => plain.get(name) ?? name)];
  const shown = (names: readonly string[]) =>
    names.length === 0 ? 'no primary key' : `(${names.join(', ')})`;
  const order = to.columns.flatMap(({ name }) => plain.get(name) ?? []);
  const places = order.map((name) => from.columns.findIndex((one) => one.name === name));
  return [
    ...(from.isPartitioned === to.isPartitioned
      ? []
      : [note(`it is partitioned in the ${from.isPartitioned ? 'source' : 'target'} only`)]),
    ...(here.join() === there.join()
      ? []
      : [note(`its primary key is ${shown(here)} in the source, ${shown(primary(to))} in the target`)]),
    ...(places.every((place, at) => at === 0 || place > (places[at - 1] ?? 0))
      ? []
      : [note('its columns are in another order')]),
  ];
}

function configuredSql(
  { from: { path, columns: known } }: BothSides<TableShape>,
  pairs: TablePair['columns'],
  { columns = {} }: TableWish,
  where: BothSides<string>,
): ConfiguredSql[] {
  const place = `data.tables['${path.join('.')}']`;
  const isPlain = (sql: string) => sql === 'rounded' || known.some(({ name }) => name === sql);
  const expressions = Object.entries(columns).flatMap(([name, sql]) =>
    typeof sql === 'object' || isPlain(sql)
      ? []
      : [[name, pairs.find((one) => one.name === name)?.value.from ?? sql] as const],
  );
  const isMask = false;
  return [
    ...expressions.map(([name, sql]) => {
      return { place: `${place}.columns.${name}`, side: 'from' as const, sql, isMask };
    }),
    ...(['from', 'to'] as const).flatMap((side) =>
      where[side] === ''
        ? []
        : [{ place: `${place}.where`, side, sql: `case when (${where[side]}) then 1 end`, isMask }],
    ),
  ];
}

const maskedSql = (from: TableShape, { wish }: PairMeans): ConfiguredSql[] =>
  from.columns.flatMap(({ name }) => {
    const mask = wish.maskOf(from, name);
    const place = [...from.path, name].join('.');
    return mask === undefined ? [] : [{ place, side: 'from', sql: mask.sql, isMask: true }];
  });

const configuredKey = (to: TableShape, { wish: { keys }, ids }: PairMeans) =>
  ids?.kept.is === 'column' ? [ids.kept.old.name] : (keys[to.path.join('.')] ?? keys[to.name]);

// Rows of heirs are read as their own tables.
const rowsOf = ({ name, isPartitioned }: TableShape) => `${isPartitioned ? '' : 'only '}${name} t`;

function both(where: string, { extension }: TableShape): string {
  const own = extension?.condition.replace(/^\s*where\s/i, '').trim() ?? '';
  return [where, own]
    .filter((one) => one !== '')
    .map((one) => `(${one})`)
    .join(' and ');
}
