// The tables whose rows have other ids in the target than in the source, and the columns that refer to them.

import type { DataIdsConfig } from '../config/data.ts';
import { quote } from '../model/quote.ts';
import { configFile } from '../problem/config-file.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import type { TableWish } from './paired-columns.ts';
import type {
  BothSides,
  ColumnShape,
  DatabaseShape,
  ForeignKeyShape,
  TableShape,
  UuidExtension,
} from './shape.ts';

/** The place where the new ids are kept beside the old ones. */
export type KeptIds =
  | {
      readonly is: 'table';
      readonly table: TableShape;
      readonly where: Readonly<Record<string, string>>;
      readonly old: ColumnShape;
      readonly new: ColumnShape;
      /** True if the mapping of a deleted row is deleted. */
      readonly isDeleted: boolean;
      /** True if the mapping has a foreign key to the rows: these have to be there first. */
      readonly refersToRows: boolean;
    }
  | { readonly is: 'column'; readonly old: ColumnShape }
  /** `by`: the extension of the source that computes them. */
  | { readonly is: 'derived'; readonly namespace: string; readonly by: UuidExtension };

/** A table with other ids in the target. */
export interface TableIds extends BothSides<TableShape> {
  /** The column of the id on each side. */
  readonly id: BothSides<ColumnShape>;
  readonly kept: KeptIds;
}

/** A column of a target table that holds a new id, and the source's column with the old one. */
export interface IdsReference {
  readonly ids: TableIds;
  readonly source: ColumnShape;
  /** True if it is the id of the row itself. */
  readonly isOwn: boolean;
}

/** Tables with other ids, by the qualified and quoted name of the source's table. */
export type IdsOfTables = ReadonlyMap<string, TableIds>;

/**
 * Finds the tables of the configuration that have ids.
 * @param tables the configuration, by name of the source's table
 * @throws Problem `bad_config` that names a table, column or extension which is missing
 */
export function findIds(
  shapes: BothSides<DatabaseShape>,
  tables: Readonly<Record<string, TableWish>>,
): IdsOfTables {
  const found = new Map<string, TableIds>();
  for (const [name, { to, ids }] of Object.entries(tables)) {
    const [from, target] = [tableCalled(shapes.from, name), tableCalled(shapes.to, to ?? name)];
    if (ids === undefined || from === undefined || target === undefined) continue;
    const place = `data.tables['${name}'].ids`;
    const id = { from: idOf(from, place), to: idOf(target, place) };
    found.set(from.name, { from, to: target, id, kept: keptIds(ids, target, shapes, place) });
  }
  return found;
}

const tableCalled = ({ tables }: DatabaseShape, name: string): TableShape | undefined => {
  const full = name.includes('.') ? name : `public.${name}`;
  return [...tables.values()].find((one) => one.path.join('.') === full || one.name === full);
};

function idOf({ path, uniques, columns }: TableShape, place: string): ColumnShape {
  const key = uniques.find(({ is }) => is === 'primary key')?.columns ?? [];
  const [id] = columns.filter(({ name }) => name === key[0]);
  if (key.length === 1 && id !== undefined) return id;
  throw wrong(`${place} needs a primary key of one column, which ${path.join('.')} does not have`);
}

function keptIds(
  ids: DataIdsConfig,
  target: TableShape,
  { from, to }: BothSides<DatabaseShape>,
  place: string,
): KeptIds {
  if ('column' in ids) return { is: 'column', old: columnCalled(target, ids.column, `${place}.column`) };
  if ('derive' in ids) {
    const by = from.uuidFrom;
    if (by !== null) return { is: 'derived', namespace: ids.namespace, by };
    const needed = 'needs the extension "uuid-ossp" or pgcrypto in the source, which has neither';
    throw wrong(`${place} derives ids, and ${needed}`);
  }
  const table = tableCalled(to, ids.table);
  if (table === undefined) {
    const names = [...to.tables.values()].map(({ path }) => path.join('.'));
    throw wrong(`${place} names ${ids.table}, which the target does not have${meant(ids.table, names)}`);
  }
  if (!table.may.select || table.isHidden)
    throw wrong(`${place} names ${ids.table}, whose rows the role of the target cannot read`);
  const [code] = table.plannedCode;
  if (code !== undefined)
    throw wrong(`${place} names ${ids.table}: ${code}, which would run with your rights`);
  const where = ids.where ?? {};
  for (const name of Object.keys(where)) columnCalled(table, name, `${place}.where`);
  const [old, own] = [
    columnCalled(table, ids.old, `${place}.old`),
    columnCalled(table, ids.new, `${place}.new`),
  ];
  const refersToRows = to.foreignKeys.some(
    (one) => one.table === table.name && one.refersTo === target.name && one.columns.includes(own.name),
  );
  return { is: 'table', table, where, old, new: own, isDeleted: ids.gone === 'delete', refersToRows };
}

function columnCalled({ columns, path }: TableShape, name: string, place: string): ColumnShape {
  const found = columns.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = columns.map((one) => one.name);
  throw wrong(`${place} names ${name}, which is not a column of ${path.join('.')}${meant(name, names)}`);
}

function meant(name: string, names: readonly string[]): string {
  const close = findNearest(name, names);
  return close.length > 0 ? `. Did you mean ${close.join(' or ')}?` : '';
}

const wrong = (reason: string) => new Problem('bad_config', { file: configFile(), reason });

/**
 * Finds the columns of a pair that hold new ids: the id of the row, the foreign keys of both sides to tables
 * with ids, and those of the configuration.
 * @throws Problem `bad_config`
 */
export function findReferences(
  { from, to }: BothSides<TableShape>,
  ids: IdsOfTables,
  { columns = {} }: TableWish,
  shapes: BothSides<DatabaseShape>,
): ReadonlyMap<string, IdsReference> {
  const found = new Map<string, IdsReference>();
  const named = (name: string) => columns[name];
  const sourceOf = (name: string) => {
    const given = named(name);
    const own = typeof given === 'object' ? (given.from ?? name) : (given ?? name);
    return from.columns.find((one) => one.name === own);
  };
  const targetOf = (name: string) => to.columns.find((one) => sourceOf(one.name)?.name === name)?.name;
  const add = (name: string | undefined, own: TableIds | undefined, isOwn = false) => {
    const source = name === undefined ? undefined : isOwn ? own?.id.from : sourceOf(name);
    if (name !== undefined && own !== undefined && source !== undefined && !found.has(name))
      found.set(name, { ids: own, source, isOwn });
  };
  const referredIn = (side: 'from' | 'to', { refersTo, referred }: ForeignKeyShape) =>
    [...ids.values()].find((one) => one[side].name === refersTo && one.id[side].name === referred[0]);
  const own = ids.get(from.name);
  if (own !== undefined && own.kept.is !== 'column') add(own.id.to.name, own, true);
  for (const [name, given] of Object.entries(columns))
    if (typeof given === 'object') add(name, configuredIds(given.ids, ids, shapes, name));
  for (const key of shapes.from.foreignKeys)
    if (key.table === from.name && key.columns.length === 1)
      add(targetOf(key.columns[0] as string), referredIn('from', key));
  for (const key of shapes.to.foreignKeys)
    if (key.table === to.name && key.columns.length === 1) add(key.columns[0], referredIn('to', key));
  return found;
}

function configuredIds(
  name: string,
  ids: IdsOfTables,
  { from }: BothSides<DatabaseShape>,
  column: string,
): TableIds {
  const found = ids.get(tableCalled(from, name)?.name ?? '');
  if (found !== undefined) return found;
  throw wrong(`data.tables: ${column} names the ids of ${name}, which has no ids in data.tables`);
}

/** The SQL of a table's name in a FROM list. Rows of heirs are read as their own tables. */
export const readOnly = ({ name, isPartitioned }: TableShape): string =>
  `${isPartitioned ? '' : 'only '}${name}`;

/** SQL for a column: `m.legacy_id`. */
export const columnOf = (alias: string, { name }: ColumnShape): string => `${alias}.${quote(name)}`;
