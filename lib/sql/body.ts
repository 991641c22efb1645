// The SQL in the body of a DO block or of a routine, by the server's own grammar of PL/pgSQL.
import type { loadParser } from './parser.ts';
import type { Node } from './statement.ts';
import { findTemplates } from './templates.ts';
import { childOf, listOf, listTagged, type Tagged } from './tree.ts';

/** A part of a body: SQL, or parts that may not run. */
export type BodyPart =
  | {
      readonly sql: string;
      /** True if the body puts it together and runs it by EXECUTE. */
      readonly isComputed: boolean;
    }
  | { readonly branch: readonly BodyPart[] };

type Parser = Awaited<ReturnType<typeof loadParser>>;

/**
 * Reads the body of a DO block, a function or a procedure.
 * @param sql the text of the statement
 * @returns its parts; null: the language is unknown, or the grammar does not take the body
 */
export function readBody(parser: Parser, { tag, node }: BodyStatement, sql: string): BodyPart[] | null {
  const options = listTagged(tag === 'DoStmt' ? node.args : node.options, 'DefElem');
  const atomic = /\bbegin\s+atomic\b([\s\S]*)\bend\b[;\s]*$/i.exec(sql)?.[1];
  if (node.sql_body !== undefined) return atomic === undefined ? [] : [{ sql: atomic, isComputed: false }];
  const language = String(argumentOf(options, 'language').sval ?? 'plpgsql').toLowerCase();
  if (language === 'sql') return [{ sql: readBodyText(options), isComputed: false }];
  if (language !== 'plpgsql') return null;
  try {
    return readBlock(parser, parser.parsePlPgSQLSync(sql));
  } catch {
    return null;
  }
}

/** A statement with a body. */
export interface BodyStatement {
  readonly tag: string;
  readonly node: Node;
}

function argumentOf(options: readonly Node[], name: string): Node {
  const option = options.find(({ defname }) => defname === name) ?? {};
  return childOf(childOf(option, 'arg'), 'String');
}

function readBodyText(options: readonly Node[]): string {
  const [list] = options.filter(({ defname }) => defname === 'as').map((one) => childOf(one, 'arg'));
  const [text] = listTagged(childOf(list ?? {}, 'List').items, 'String');
  return String(text?.sval ?? '');
}

function readBlock(parser: Parser, tree: unknown): BodyPart[] {
  const isComputing = /"(?:PLpgSQL_stmt_dyn\w+|dynquery)"/.test(JSON.stringify(tree));
  const read = ([tag, node]: Tagged): BodyPart[] => {
    // Texts for people.
    if (/^PLpgSQL_stmt_(raise|assert)$/.test(tag)) return [];
    if (tag === 'PLpgSQL_expr') return readExpression(node);
    const isPlain = tag === 'PLpgSQL_stmt_block' && node.exceptions === undefined;
    return Object.values(node).flatMap((value): BodyPart[] => {
      if (!Array.isArray(value)) return listOf([value]).flatMap(read);
      const parts = listOf(value).flatMap(read);
      return isPlain || parts.length === 0 ? parts : [{ branch: parts }];
    });
  };
  // An expression may put together what an EXECUTE in another place runs.
  const readExpression = ({ query, parseMode }: Node): BodyPart[] => {
    const text = String(query);
    const isStatement = parseMode === undefined || parseMode === 0;
    const sql = isStatement ? text : `select ${text.replace(assigned, '')}`;
    if (!isComputing) return [{ sql, isComputed: false }];
    const branch = templatesIn(parser, sql).map((one) => ({ sql: one, isComputed: true }));
    return [{ sql, isComputed: false }, ...(branch.length === 0 ? [] : [{ branch }])];
  };
  return listOf(childOf({ tree }, 'tree').plpgsql_funcs).flatMap(read);
}

// The left side of an assignment.
const assigned = /^(?:[\w.[\]]|"[^"]*")+\s*:?=\s*/;

function templatesIn(parser: Parser, sql: string): string[] {
  try {
    return findTemplates(parser.parseSync(sql));
  } catch {
    return [];
  }
}
