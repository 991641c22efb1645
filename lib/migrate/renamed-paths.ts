// The names that objects had before the renames of pending migrations.

import type { FormerName } from '../compare/impact.ts';
import { toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import { isEqual } from '../model/diff.ts';
import { type Fact, ownName } from '../model/fact.ts';
import { namesIn, pathText } from './by-hand.ts';
import { withoutComments } from './rows-by-hand.ts';

/** A rename of a table, or of a column of one. */
interface PathRename {
  /** The schema and the name of the table, at the time of the rename. */
  readonly table: readonly string[];
  /** null: the table itself. */
  readonly column: string | null;
  readonly to: string;
}

const renaming = new RegExp(
  String.raw`^alter table (?:if exists )?(?:only )?(${pathText})(?: \*)? rename ` +
    `(?:to (${pathText})|(?:column )?(?!constraint )(${pathText}) to (${pathText}))$`,
  'i',
);

/** The renames of tables and columns among statements. */
export function readPathRenames(statements: readonly string[]): PathRename[] {
  return statements.flatMap((sql) => {
    const match = renaming.exec(toOneLine(withoutComments(sql)).trim());
    if (match === null) return [];
    const [, table = '', whole, from, to] = match;
    const column = from === undefined ? null : (namesIn(from)[0] ?? null);
    return [{ table: inSchema(namesIn(table)), column, to: namesIn(whole ?? to ?? '')[0] ?? '' }];
  });
}

// A name without a schema is taken for one of `public`.
const inSchema = (names: readonly string[]) => (names.length === 1 ? ['public', ...names] : names);

/** The facts of a database, found by names that they will have. */
export interface Origins {
  /** The fact of the database; undefined: it is not there yet. */
  originOf(id: string): Fact | undefined;
  /** The columns of a table that have another name in the database: new name → name there. */
  renamedIn(table: string): ReadonlyMap<string, string>;
}

/**
 * Finds facts of a database by the names that they will have.
 * @param actual the database before the renames
 * @param renamed the same after them
 * @param statements the renames, in their order
 */
export function findOrigins(actual: Catalog, renamed: Catalog, statements: readonly string[]): Origins {
  const renames = readPathRenames(statements).reverse();
  const key = ({ kind, path }: Pick<Fact, 'kind' | 'path'>) => JSON.stringify([kind, path]);
  const byPath = new Map(
    renames.length === 0 ? [] : [...actual.facts.values()].map((one) => [key(one), one]),
  );
  const originOf = (id: string) => {
    const fact = renamed.facts.get(id);
    const path = fact && renames.reduce(undo, fact.path);
    return fact === undefined || path === undefined || path === fact.path
      ? actual.facts.get(id)
      : (byPath.get(key({ kind: fact.kind, path })) ?? actual.facts.get(id));
  };
  const renamedIn = (table: string) => {
    const parts = renames.length === 0 ? [] : [...renamed.facts.values()];
    const names = parts
      .filter(({ parent }) => parent === table)
      .map((fact) => [ownName(fact.path), ownName((originOf(fact.id) ?? fact).path)] as const);
    return new Map(names.filter(([to, from]) => to !== from));
  };
  return { originOf, renamedIn };
}

/**
 * Finds the path that a table has before renames by the path that it has after them.
 * @param statements the renames among them count, in their order
 */
export function nameBefore(statements: readonly string[]): FormerName {
  const renames = readPathRenames(statements).reverse();
  return (path) => {
    const former = renames.reduce(undo, path);
    return isEqual([...followRenames(former, statements)], [...path]) ? former : null;
  };
}

/** The path of a table after the renames among statements, in their order. */
export const followRenames = (path: readonly string[], statements: readonly string[]): readonly string[] =>
  readPathRenames(statements).reduce(redo, path);

function redo(path: readonly string[], { table, column, to }: PathRename): readonly string[] {
  const isOf = column === null && isEqual([...inSchema(path)], [...table]);
  return isOf ? [...path.slice(0, -1), to] : path;
}

function undo(path: readonly string[], { table, column, to }: PathRename): readonly string[] {
  const [schema = '', name = '', ...rest] = path;
  const own = column === null ? [...table.slice(0, -1), to] : table;
  if (own.at(-1) !== name || own[0] !== schema) return path;
  if (column === null) return [schema, table.at(-1) ?? name, ...rest];
  return rest[0] === to ? [schema, name, column, ...rest.slice(1)] : path;
}
