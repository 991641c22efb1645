// The selection of rows to compare: the configuration and the options of a command, matched with the existing
// tables.

import type { DataConfig } from '../config/data.ts';
import type { MaskedColumn } from '../flow/masks.ts';
import { configFile } from '../problem/config-file.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
import { adviseRepeat } from '../problem/repeat.ts';
import type { Project } from '../project/project.ts';
import type { PairingWish } from './paired-columns.ts';
import type { BothSides, DatabaseShape, TableShape } from './shape.ts';

/** The selection by the options of a command. */
export interface TableChoice {
  /** Patterns of the compared tables of the source: `users` is `public.users`, `*` matches any characters. */
  readonly tables?: readonly string[];
  /** Patterns of tables that take no part. */
  readonly exclude?: readonly string[];
}

/**
 * Makes a pairing's wish.
 * @param masks of the source
 * @throws Problem `bad_option`, `bad_config` for a name that nothing has, with the nearest one
 */
export function makeWish(
  shapes: BothSides<DatabaseShape>,
  choice: TableChoice,
  { data = {}, ignore = { schemas: [], objects: [] } }: Pick<Project, 'data' | 'ignore'>,
  masks: readonly MaskedColumn[],
): PairingWish {
  const config = withSchemas(data);
  checkNames(shapes, config);
  const fits = (option: string, patterns: readonly string[]) =>
    withCounterparts(shapes, config, fitting(shapes, option, patterns));
  const only = choice.tables && fits('--tables', choice.tables);
  const left = new Set([
    ...fits('--exclude', choice.exclude ?? []),
    ...fits('data.exclude', config.exclude ?? []),
  ]);
  const schemas = patternOf(ignore.schemas);
  // A name can begin with its kind. No other object that the name of a table can be of has rows.
  const objects = patternOf(ignore.objects.map((one) => one.replace(/^[a-z ]+:/, '')));
  const isIgnored = (table: TableShape) =>
    schemas.test(table.path[0]) || [table.name, plainName(table)].some((name) => objects.test(name));
  const masked = new Map(masks.map(({ table, name, sql }) => [`${table} ${name}`, { sql }]));
  return {
    tables: config.tables ?? {},
    keys: config.keys ?? {},
    isWanted: (table) => (only?.has(table.name) ?? !isIgnored(table)) && !left.has(table.name),
    maskOf: ({ name }, column) => masked.get(`${name} ${column}`),
  };
}

// A name without a schema is of public, as in masks and patterns.
function withSchemas({ tables = {}, keys = {}, ...rest }: DataConfig): DataConfig {
  const full = (name: string) => (name.includes('.') ? name : `public.${name}`);
  const all = <T>(of: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(of).map(([name, value]) => [full(name), value]));
  const named = Object.entries(all(tables)).map(([name, { to, ...table }]) => [
    name,
    { ...table, ...(to !== undefined && { to: full(to) }) },
  ]);
  return { ...rest, tables: Object.fromEntries(named), keys: all(keys) };
}

const plainName = ({ path }: TableShape) => path.join('.');

function fitting(
  { from, to }: BothSides<DatabaseShape>,
  option: string,
  patterns: readonly string[],
): Set<string> {
  const all = [...from.tables.values(), ...to.tables.values()];
  return new Set(
    patterns.flatMap((pattern) => {
      const full = /\.|^\*$/.test(pattern) ? pattern : `public.${pattern}`;
      const fits = patternOf([full]);
      const found = all.filter((table) => fits.test(table.name) || fits.test(plainName(table)));
      if (found.length === 0) {
        const advice = adviseRepeat(option, pattern) || meant(full, all.map(plainName));
        const reason = `there is no table ${pattern}${advice}`;
        throw new Problem('bad_option', { option, reason });
      }
      return found.map(({ name }) => name);
    }),
  );
}

function patternOf(patterns: readonly string[]): RegExp {
  const escaped = patterns.map((one) => one.replace(/[+?^${}()|[\]\\.]/g, '\\$&').replaceAll('*', '.*'));
  return new RegExp(`^(?:${escaped.join('|') || '(?!)'})$`);
}

// A table that has another name on the other side can be chosen by either.
function withCounterparts(
  { from, to }: BothSides<DatabaseShape>,
  { tables = {} }: DataConfig,
  names: ReadonlySet<string>,
): Set<string> {
  const pairs = Object.entries(tables).flatMap(([name, { to: target }]) => {
    const [one, other] = [findTable(from, name), findTable(to, target ?? name)];
    return one === undefined || other === undefined ? [] : [[one.name, other.name] as const];
  });
  return new Set([...names, ...pairs.filter((pair) => pair.some((name) => names.has(name))).flat()]);
}

const findTable = ({ tables }: DatabaseShape, name: string) =>
  [...tables.values()].find((one) => one.name === name || plainName(one) === name);

function meant(name: string, names: readonly string[]): string {
  const close = findNearest(name, [...new Set(names)]);
  return close.length > 0 ? `. Did you mean ${close.join(' or ')}?` : '';
}

function checkNames({ from, to }: BothSides<DatabaseShape>, { tables = {}, keys = {} }: DataConfig): void {
  for (const [name, { to: target, columns = {} }] of Object.entries(tables)) {
    tableNamed(from, name, 'data.tables', 'source');
    const table = tableNamed(to, target ?? name, `data.tables['${name}'].to`, 'target');
    for (const column of Object.keys(columns)) checkColumn(table, column, `data.tables['${name}'].columns`);
  }
  for (const [name, columns] of Object.entries(keys)) {
    const table = tableNamed(to, name, 'data.keys', 'target');
    for (const column of columns) checkColumn(table, column, `data.keys['${name}']`);
  }
}

function tableNamed(shape: DatabaseShape, name: string, place: string, side: string): TableShape {
  const found = findTable(shape, name);
  if (found !== undefined) return found;
  const all = [...shape.tables.values()];
  throw wrong(`${place} names ${name}, which the ${side} does not have${meant(name, all.map(plainName))}`);
}

function checkColumn({ columns, path }: TableShape, column: string, place: string): void {
  const names = columns.map(({ name }) => name);
  if (names.includes(column)) return;
  throw wrong(`${place} names ${column}, which is not a column of ${path.join('.')}${meant(column, names)}`);
}

const wrong = (reason: string) => new Problem('bad_config', { file: configFile(), reason });
