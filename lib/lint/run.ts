// The statements that run when one statement of a file runs: itself, those in its block, and those in the
// bodies of the routines of the file that it calls.
import { type BodyPart, readBody } from '../sql/body.ts';
import type { loadParser } from '../sql/parser.ts';
import type { Node } from '../sql/statement.ts';
import { computedName } from '../sql/templates.ts';
import { childOf, collectNodes, listOf, namesOf, type Tagged } from '../sql/tree.ts';
import { listElements } from './schema-elements.ts';
import { noteEffects, runBranch } from './scope.ts';
import { distinguishPublic } from './search-path.ts';
import { type FileScope, isInTransaction, type LintedStatement, placeStatement } from './statement.ts';

type Parser = Awaited<ReturnType<typeof loadParser>>;
type Visit = (statement: LintedStatement, scope: FileScope) => void;

/** One statement, the text of its file, and the effects of those before it. */
export interface RunStart {
  readonly statement: LintedStatement;
  readonly sql: string;
  readonly scope: FileScope;
}

/**
 * Visits the statements in the order in which they run, and notes the effects of each.
 * @param calling the routines that the statement is in, which may call themselves
 */
export function visitRun(
  parser: Parser,
  start: RunStart,
  visit: Visit,
  calling: readonly string[] = [],
): void {
  const { statement, sql, scope } = start;
  const { tag, node, source } = statement;
  const visitParts = (parts: readonly BodyPart[], within: readonly string[]) => {
    // The caller begins and ends the transaction.
    const unvalidated = isInTransaction(scope) ? scope.unvalidated : new Set<string>();
    const inner = { ...scope, transactional: true, unvalidated };
    for (const part of parts) visitPart(parser, { statement, sql, scope: inner }, visit, [part, within]);
    scope.isElsewhere = inner.isElsewhere;
  };
  distinguishPublic(statement, scope);
  const block = tag === 'DoStmt' ? readBody(parser, statement, source) : null;
  if (block === null) visit(statement, scope);
  else visitParts(block, calling);
  const inner = { ...start, scope: { ...scope, transactional: true } };
  for (const element of listElements(statement))
    visitRun(parser, { ...inner, statement: element }, visit, calling);
  const called = scope.routines.size === 0 ? [] : listCalls(tag, node);
  for (const name of called.filter((one) => !calling.includes(one)))
    for (const routine of scope.routines.get(name) ?? []) {
      const body = readBody(parser, routine, routine.source) ?? [];
      visitParts([{ branch: body }], [...calling, name]);
    }
  if (tag === 'CreateFunctionStmt') {
    const name = namesOf(node.funcname).at(-1) ?? '';
    scope.routines.set(name, [...(scope.routines.get(name) ?? []), statement]);
  }
  noteEffects(statement, scope);
  if (statement.isComputed || source.includes(computedName))
    for (const name of [...scope.created]) if (name.includes(computedName)) scope.created.delete(name);
  distinguishPublic(statement, scope);
}

type PartOf = readonly [part: BodyPart, calling: readonly string[]];

function visitPart(parser: Parser, start: RunStart, visit: Visit, [part, calling]: PartOf): void {
  if ('branch' in part) {
    runBranch(start.scope, () => {
      for (const one of part.branch) visitPart(parser, start, visit, [one, calling]);
    });
    return;
  }
  for (const statement of placeInside(parser, start, part))
    visitRun(parser, { ...start, statement }, visit, calling);
}

// The statements of a part, where its text stands in the file, or else where the outer statement is.
function placeInside(
  parser: Parser,
  { statement: outer, sql }: RunStart,
  { sql: source, isComputed }: Extract<BodyPart, { sql: string }>,
): LintedStatement[] {
  const trees = parse(parser, source);
  const at = isComputed || trees.length !== 1 ? -1 : outer.source.indexOf(source);
  const start = outer.start + at;
  const end = start + source.length;
  return trees.map(([tag, node]) => {
    if (at >= 0) return placeStatement(sql, { tag, node, start, end, to: end, byte: 0 });
    const { index } = outer;
    return { tag, node, index, source, start: index, at: () => index, ...(isComputed ? { isComputed } : {}) };
  });
}

// Of a text that ends before a name, the name comes from elsewhere. Of another text that the grammar does not
// take, the words are read.
function parse(parser: Parser, sql: string): Tagged[] {
  for (const text of /\s$/.test(sql) ? [sql, sql + computedName] : [sql])
    try {
      return (parser.parseSync(text).stmts ?? []).flatMap(({ stmt }) => listOf([stmt]));
    } catch {
      // The next reading.
    }
  const option = (defname: string, sval: string) => ({ DefElem: { defname, arg: { String: { sval } } } });
  return [['DoStmt', { args: [option('as', sql), option('language', 'words')] }]];
}

const running = /^(Select|Insert|Update|Delete|Merge|Call|CreateTableAs|Copy|Explain|Prepare)Stmt$/;

// The names of the routines that a statement calls.
function listCalls(tag: string, node: Node): string[] {
  if (!running.test(tag)) return [];
  const called = collectNodes(node, (own) => own === 'FuncCall').map(([, one]) => one);
  const all = tag === 'CallStmt' ? [childOf(node, 'funccall'), ...called] : called;
  return [...new Set(all.flatMap(({ funcname }) => namesOf(funcname).slice(-1)))];
}
