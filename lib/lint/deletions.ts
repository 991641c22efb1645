// The rows that a statement deletes in its parts: WITH, MERGE, and the body of a DO block.
import { namesIn, pathText } from '../migrate/by-hand.ts';
import { findEmptied } from '../migrate/rows-by-hand.ts';
import { qualify } from '../model/quote.ts';
import type { Node } from '../sql/statement.ts';
import { computedName } from '../sql/templates.ts';
import { childOf, collectNodes, listTagged } from '../sql/tree.ts';
import { relationOf } from './statement.ts';

/** The deletions of a statement: the qualified names of their tables. */
export interface Deletions {
  readonly deleted: readonly string[];
  readonly truncated: readonly string[];
}

/** Statements that only define what another statement runs. */
export const definingTags: ReadonlySet<string> = new Set(['CreateFunctionStmt', 'RuleStmt']);

/** Finds what a statement deletes from tables, but for a TRUNCATE of its own. */
export function findDeletions(tag: string, node: Node): Deletions {
  if (tag === 'DoStmt') return findInBlock(node);
  if (definingTags.has(tag)) return { deleted: [], truncated: [] };
  const nodes = collectNodes({ [tag]: node }, (own) => own === 'DeleteStmt' || own === 'MergeStmt');
  const deleted = nodes.filter(([own, one]) => own === 'DeleteStmt' || deletesMatched(one));
  return { deleted: [...new Set(deleted.map(([, one]) => relationOf(one)))], truncated: [] };
}

const deletesMatched = ({ mergeWhenClauses }: Node) =>
  listTagged(mergeWhenClauses, 'MergeWhenClause').some((one) => one.commandType === 'CMD_DELETE');

const merging = new RegExp(String.raw`\bmerge into (?:only )?(${pathText})[^;]*? then delete\b`, 'gi');

// Two hyphens in a text begin no comment.
const comments = /('(?:[^']|'')*')|--.*|\/\*[\s\S]*?\*\//g;

/** The words of a block, on one line, without comments; for each name that it computes stands another. */
export function readWords({ args }: Node): string {
  const bodies = listTagged(args, 'DefElem').filter(({ defname }) => defname === 'as');
  const body = bodies.map((one) => String(childOf(childOf(one, 'arg'), 'String').sval ?? '')).join('\n');
  const line = body.replace(comments, (_, text: string | undefined) => text ?? ' ').replace(/\s+/g, ' ');
  return line.replace(joined, '').replace(computing, computedName);
}

const joined = /' ?\|\| ?'/g;
const computing = /%(?:\d+\$)?[IsL]|' ?\|\|[^;]*?\|\| ?'/g;

// Of a block that the grammar does not take, or in another language, the words are read.
function findInBlock(node: Node): Deletions {
  const line = readWords(node);
  const merged = [...line.matchAll(merging)].map(([, table = '']) => table);
  const { deleted, truncated } = findEmptied(line);
  return { deleted: [...deleted, ...merged].map(qualifyWritten), truncated: truncated.map(qualifyWritten) };
}

/** The qualified and quoted name of a table as it is written. */
export function qualifyWritten(name: string): string {
  const path = namesIn(name).slice(-2);
  return qualify(path.length === 1 ? ['public', ...path] : path);
}
