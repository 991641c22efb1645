// The selection of rows to compare: the configuration and the options of a command, matched with the existing
// tables.
import type { DataConfig } from '../config/data.ts';
import type { MaskedColumn } from '../flow/masks.ts';
import { findNearest } from '../problem/nearest.ts';
import { Problem } from '../problem/problem.ts';
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
  configured: DataConfig,
  masks: readonly MaskedColumn[],
): PairingWish {
  const config = withSchemas(configured);
  checkNames(shapes, config);
  const only = choice.tables && fitting(shapes, '--tables', choice.tables);
  const left = new Set([
    ...fitting(shapes, '--exclude', choice.exclude ?? []),
    ...fitting(shapes, 'data.exclude', config.exclude ?? []),
  ]);
  const masked = new Map(masks.map(({ table, name, sql }) => [`${table} ${name}`, { sql }]));
  return {
    tables: config.tables ?? {},
    keys: config.keys ?? {},
    isWanted: ({ name }) => (only?.has(name) ?? true) && !left.has(name),
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
      const escaped = full.replace(/[+?^${}()|[\]\\.]/g, '\\$&').replaceAll('*', '.*');
      const fits = new RegExp(`^(?:${escaped})$`);
      const found = all.filter((table) => fits.test(table.name) || fits.test(plainName(table)));
      if (found.length === 0) {
        const reason = `there is no table ${pattern}${meant(full, all.map(plainName))}`;
        throw new Problem('bad_option', { option, reason });
      }
      return found.map(({ name }) => name);
    }),
  );
}

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

function tableNamed({ tables }: DatabaseShape, name: string, place: string, side: string): TableShape {
  const all = [...tables.values()];
  const found = all.find((one) => one.name === name || plainName(one) === name);
  if (found !== undefined) return found;
  throw wrong(`${place} names ${name}, which the ${side} does not have${meant(name, all.map(plainName))}`);
}

function checkColumn({ columns, path }: TableShape, column: string, place: string): void {
  const names = columns.map(({ name }) => name);
  if (names.includes(column)) return;
  throw wrong(`${place} names ${column}, which is no column of ${path.join('.')}${meant(column, names)}`);
}

const wrong = (reason: string) => new Problem('bad_config', { file: 'pgmage.config.ts', reason });
