// The values that a statement overwrites: UPDATE, also in WITH, MERGE, ON CONFLICT, and the body of a block.
import { namesIn } from '../migrate/by-hand.ts';
import { findAssignments } from '../migrate/rows-by-hand.ts';
import type { Node } from '../sql/statement.ts';
import { computedName } from '../sql/templates.ts';
import { childOf, collectNodes, listOf, listTagged, namesOf } from '../sql/tree.ts';
import { definingTags, qualifyWritten, readWords } from './deletions.ts';
import { relationOf } from './statement.ts';

/** The columns of a table that a statement overwrites. */
export interface Overwrite {
  /** The qualified and quoted name. */
  readonly table: string;
  /** null: they are not known. */
  readonly columns: readonly string[] | null;
}

/** Finds the values that a statement overwrites. One that only fills in what is NULL overwrites none. */
export function findOverwrites(tag: string, node: Node): Overwrite[] {
  if (tag === 'DoStmt') return findInBlock(node);
  if (definingTags.has(tag)) return [];
  return collectNodes({ [tag]: node }, (own) => /^(Update|Merge|Insert)Stmt$/.test(own)).flatMap(
    ([own, one]) => {
      const columns = listSettings(own, one).flatMap((each) => listOverwritten(one, each));
      if (columns.length === 0) return [];
      return [{ table: relationOf(one), columns: knownColumns([...new Set(columns)]) }];
    },
  );
}

/** The assignments of one clause, and the rows that they are for. */
interface Setting {
  readonly targets: unknown;
  readonly condition: Node;
}

function listSettings(tag: string, node: Node): Setting[] {
  const settingOf = (clause: Node, condition: string): Setting => ({
    targets: clause.targetList,
    condition: childOf(clause, condition),
  });
  if (tag === 'UpdateStmt') return [settingOf(node, 'whereClause')];
  if (tag === 'MergeStmt')
    return listTagged(node.mergeWhenClauses, 'MergeWhenClause')
      .filter(({ commandType }) => commandType === 'CMD_UPDATE')
      .map((clause) => settingOf(clause, 'condition'));
  const conflict = childOf(node, 'onConflictClause');
  return conflict.action === 'ONCONFLICT_UPDATE' ? [settingOf(conflict, 'whereClause')] : [];
}

function listOverwritten(statement: Node, { targets, condition }: Setting): string[] {
  const filled = new Set(listNullColumns(statement, condition));
  const columns = listTagged(targets, 'ResTarget').map(({ name }) => String(name));
  // A row that has a value in another of the columns may have NULL in this one.
  return columns.every((column) => filled.has(column)) ? [] : columns;
}

// The columns of the table that a condition wants to be NULL.
function listNullColumns(statement: Node, condition: Node): string[] {
  const [tag, node = {}] = Object.entries(condition)[0] ?? [];
  if (tag === 'BoolExpr' && (node as Node).boolop === 'AND_EXPR')
    return listOf((node as Node).args).flatMap(([own, one]) => listNullColumns(statement, { [own]: one }));
  const { nulltesttype, arg } = node as Node;
  if (tag !== 'NullTest' || nulltesttype !== 'IS_NULL') return [];
  const [, column] = listOf([arg]).find(([own]) => own === 'ColumnRef') ?? [];
  const names = namesOf(column?.fields);
  const relation = childOf(statement, 'relation');
  const own = childOf(relation, 'alias').aliasname ?? relation.relname;
  return names.length === 1 || names.at(-2) === own ? names.slice(-1) : [];
}

const merging = /\bmerge into (?:only )?((?:"(?:[^"]|"")*"|[\w$.])+)[^;]*? then update\b/gi;

// Of a block that the grammar does not take, or in another language, the words are read.
function findInBlock(node: Node): Overwrite[] {
  const text = readWords(node);
  const merged = [...text.matchAll(merging)].map(([, table = '']) => ({ table, columns: null }));
  return [...findAssignments(text), ...merged].map(({ table, columns }) => ({
    table: qualifyWritten(table),
    columns: knownColumns(columns?.flatMap(namesIn) ?? null),
  }));
}

const knownColumns = (columns: readonly string[] | null) =>
  columns?.some((one) => one.includes(computedName)) ? null : columns;
