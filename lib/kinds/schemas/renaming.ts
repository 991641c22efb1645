// ALTER … RENAME: how objects and their parts get other names (manual: the ALTER command of each).
import { type Fact, ownName } from '../../model/fact.ts';
import { qualify, quote } from '../../model/quote.ts';
import type { Statement, TableLock } from '../../model/step.ts';

type Named = Pick<Fact, 'path' | 'signature'>;
type Rename = (from: Named, to: Named) => Statement;

const last = ({ path }: Named) => quote(ownName(path));

/**
 * An object of its own.
 * @param word how ALTER calls it, e.g. `TEXT SEARCH PARSER`
 */
export function makeRename(word: string, lock: TableLock = null): Rename {
  return (from, to) => ({
    sql: `ALTER ${word} ${qualify(from.path)}${from.signature} RENAME TO ${last(to)}`,
    hazards: ['breaks_clients'],
    lock,
  });
}

/**
 * A part of an object, e.g. a `COLUMN` of a `TABLE`. @param cascade what typed tables need to follow their
 * type
 */
export function makeRenameIn(
  word: string,
  part: string,
  lock: TableLock = 'ACCESS EXCLUSIVE',
  cascade = '',
): Rename {
  return (from, to) => ({
    sql:
      `ALTER ${word} ${qualify(from.path.slice(0, 2))} RENAME ${part} ${last(from)} TO` +
      ` ${last(to)}${cascade}`,
    hazards: part === 'CONSTRAINT' ? [] : ['breaks_clients'],
    lock,
  });
}

/** SQL that only servers since a version know, and older ones skip. */
export const runSince = (major: number, sql: string): string =>
  `DO $pgmage$BEGIN IF current_setting('server_version_num')::int >= ${major}0000 THEN ${sql}; END` +
  ' IF; END$pgmage$';

/** Renames of objects that are named together with their table: a trigger, a policy, a rule. */
export function makeRenameOn(word: string): Rename {
  return (from, to) => ({
    sql: `ALTER ${word} ${last(from)} ON ${qualify(from.path.slice(0, 2))} RENAME TO ${last(to)}`,
    lock: 'ACCESS EXCLUSIVE',
  });
}

/** The qualified name of an index, whose path has its table in the middle. */
export const formatIndex = ({ path }: Pick<Fact, 'path'>): string => qualify([path[0] ?? '', ownName(path)]);

/** ALTER INDEX. */
export const renameIndex: Rename = (from, to) => ({
  sql: `ALTER INDEX ${formatIndex(from)} RENAME TO ${last(to)}`,
  lock: 'SHARE UPDATE EXCLUSIVE',
});
