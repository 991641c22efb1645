// The rows that a statement deletes in its parts: WITH, MERGE, and the body of a DO block.
import { qualify } from '../model/quote.ts';
import { splitNames } from '../sql/object-comments.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, collectNodes, listTagged } from '../sql/tree.ts';
import { relationOf } from './statement.ts';

/** The deletions of a statement: the qualified names of their tables; null: it is computed. */
export interface Deletions {
  readonly deleted: readonly (string | null)[];
  readonly truncated: readonly (string | null)[];
}

// They only define what another statement runs.
const defining = new Set(['CreateFunctionStmt', 'RuleStmt']);

/** Finds what a statement deletes from tables, but for a TRUNCATE of its own. */
export function findDeletions(tag: string, node: Node): Deletions {
  if (tag === 'DoStmt') return findInBlock(node);
  if (defining.has(tag)) return { deleted: [], truncated: [] };
  const nodes = collectNodes({ [tag]: node }, (own) => own === 'DeleteStmt' || own === 'MergeStmt');
  const deleted = nodes.filter(([own, one]) => own === 'DeleteStmt' || deletesMatched(one));
  return { deleted: [...new Set(deleted.map(([, one]) => relationOf(one)))], truncated: [] };
}

const deletesMatched = ({ mergeWhenClauses }: Node) =>
  listTagged(mergeWhenClauses, 'MergeWhenClause').some((one) => one.commandType === 'CMD_DELETE');

const table = String.raw`(?:only )?((?:"(?:[^"]|"")*"|[\w$%.])+)?`;
const deleting = new RegExp(String.raw`\bdelete from ${table}`, 'gi');
const truncating = new RegExp(String.raw`\btruncate (?:table )?${table}`, 'gi');
const merging = new RegExp(String.raw`\bmerge into ${table}[^;]*? then delete\b`, 'gi');

// Two hyphens in a text begin no comment.
const comments = /('(?:[^']|'')*')|--.*|\/\*[\s\S]*?\*\//g;

// The parser does not know the language of a block, so that its words are read.
function findInBlock({ args }: Node): Deletions {
  const bodies = listTagged(args, 'DefElem').filter(({ defname }) => defname === 'as');
  const body = bodies.map((one) => String(childOf(childOf(one, 'arg'), 'String').sval ?? '')).join('\n');
  const line = body.replace(comments, (_, text: string | undefined) => text ?? ' ').replace(/\s+/g, ' ');
  const tables = (pattern: RegExp) => [...line.matchAll(pattern)].map(([, name]) => toTable(name));
  return { deleted: [...tables(deleting), ...tables(merging)], truncated: tables(truncating) };
}

function toTable(name: string | undefined): string | null {
  if (name === undefined || name.includes('%')) return null;
  const path = splitNames(name).slice(-2);
  return qualify(path.length === 1 ? ['public', ...path] : path);
}
