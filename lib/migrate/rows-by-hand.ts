// Statements that a user wrote and that delete rows or overwrite values, which no schema shows.
import { kinds } from '../kinds/index.ts';
import { toOneLine } from '../migration/text.ts';
import type { Catalog } from '../model/catalog.ts';
import type { Fact } from '../model/fact.ts';
import type { SqlFile } from '../sql/parse.ts';
import { namesIn, pathText } from './by-hand.ts';

/** By these words a statement deletes rows or overwrites values. */
export const deletingWords = /\b(delete|truncate|update|merge)\b/i;

/**
 * Statements of a file that delete rows or overwrite values, as they stand there. Not those on tables and
 * columns that are only made on the way, and not those that only fill in what is NULL. What functions do that
 * they call is not seen.
 * @param there catalogs in each of which a table or column must be to have something to lose
 */
export function findManualDeletions({ runnable, statements }: SqlFile, there: readonly Catalog[]): string[] {
  const isTable = (path: string) => there.every(({ facts }) => isRelationIn(facts, namesIn(path)));
  const isColumn = (path: string, column: string) =>
    there.every(({ facts }) => {
      const names = [...namesIn(path), ...namesIn(column)];
      return [...facts.values()].some((fact) => fact.parent !== null && endsWith(fact, names));
    });
  const isOverwritten = ({ table, columns }: Assignment) =>
    isTable(table) && (columns === null || columns.some((column) => isColumn(table, column)));
  return statements
    .filter(({ tag }) => writing.has(tag))
    .map(({ start, end }) => toOneLine(withoutComments(runnable.slice(start, end))))
    .filter((sql) => emptiedBy(sql).some(isTable) || assignedBy(sql).some(isOverwritten));
}

const emptiedBy = (sql: string) => Object.values(findEmptied(sql)).flat();
const assignedBy = (sql: string) => [...findAssignments(sql), ...findMerges(sql)];

/**
 * The tables of a text, as they are written, whose rows are deleted or overwritten.
 * @param sql on one line, without comments
 */
export const findWritten = (sql: string): string[] => [
  ...emptiedBy(sql),
  ...assignedBy(sql).map(({ table }) => table),
];

const endsWith = ({ path }: Fact, names: readonly string[]) =>
  names.every((name, at) => path.at(at - names.length) === name);

// Tables, views and the like hold a name of that sort.
const isRelationIn = (facts: Catalog['facts'], names: readonly string[]) =>
  [...facts.values()].some(
    (fact) =>
      endsWith(fact, names) &&
      kinds
        .get(fact.kind)
        ?.order?.slots?.(fact)
        .some((slot) => slot.startsWith('relation ')),
  );

// Statements that can contain such a statement, too: WITH, and the body of a DO block.
const writing = new Set([
  'DeleteStmt',
  'UpdateStmt',
  'MergeStmt',
  'TruncateStmt',
  'InsertStmt',
  'SelectStmt',
  'DoStmt',
]);

/** SQL without its comments. */
export const withoutComments = (sql: string) => sql.replace(/\/\*[\s\S]*?\*\/|--.*$/gm, ' ');

const list = String.raw`(?:only )?${pathText}(?: \*)?(?:\s*,\s*(?:only )?${pathText}(?: \*)?)*`;
const deleting = new RegExp(String.raw`\bdelete from (?:only )?(${pathText})`, 'gi');
const truncating = new RegExp(String.raw`\btruncate (?:table )?(${list})`, 'gi');

/**
 * The tables of a text, as they are written, that DELETE and TRUNCATE empty, by their words.
 * @param sql on one line, without comments
 */
export function findEmptied(sql: string): { readonly deleted: string[]; readonly truncated: string[] } {
  const lists = [...sql.matchAll(truncating)].flatMap(([, names = '']) => names.split(','));
  const bare = (one: string) =>
    one
      .trim()
      .replace(/^only /i, '')
      .replace(/ \*$/, '');
  return { deleted: [...sql.matchAll(deleting)].map(([, table = '']) => table), truncated: lists.map(bare) };
}

/** A table as it is written, and its columns that are overwritten; null: any. */
export interface Assignment {
  readonly table: string;
  readonly columns: readonly string[] | null;
}

const target = String.raw`(?:only )?(${pathText})(?: \*)?(?: (?:as )?(?!set\b)[\w$"]+)?`;
const updating = new RegExp(String.raw`\bupdate ${target} set (.*?)(?= from | returning |;|$)`, 'gi');
const merging = new RegExp(String.raw`\bmerge into (?:only )?(${pathText})`, 'gi');
const upserting = new RegExp(
  String.raw`\binsert into (${pathText})(?:(?!\binsert into ).)*?\bdo update set (.*?)(?= returning |;|$)`,
  'gi',
);

/**
 * The UPDATEs of a text, and its ON CONFLICT DO UPDATE, by their words. Not those that only fill in what is
 * NULL.
 * @param sql on one line, without comments
 */
export function findAssignments(sql: string): Assignment[] {
  return [...sql.matchAll(updating), ...sql.matchAll(upserting)].flatMap(([, table = '', text = '']) => {
    const [, set = '', where = ''] = /^(.*?)(?: where (.*))?$/i.exec(text) ?? [];
    const columns = columnsIn(set);
    const [, filled] = /^(?:[\w$]+\.)?([\w$"]+) is null$/i.exec(where.trim()) ?? [];
    const isFilling = filled !== undefined && columns?.length === 1 && columns[0] === filled;
    return isFilling ? [] : [{ table, columns }];
  });
}

const findMerges = (sql: string): Assignment[] =>
  [...sql.matchAll(merging)].map(([, table = '']) => ({ table, columns: null }));

// A comma in a call may be followed by something that looks like an assignment: a column too many does no
// harm.
function columnsIn(set: string): string[] | null {
  if (set.trimStart().startsWith('(')) return null;
  const names = [...set.matchAll(/(?:^|,)\s*("(?:[^"]|"")+"|[\w$]+)(?:\[[^\]]*\]|\.[\w$"]+)*\s*=/g)];
  return names.length === 0 || /,\s*\(/.test(set) ? null : names.map(([, column = '']) => column);
}
