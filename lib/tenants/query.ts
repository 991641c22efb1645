// The query that lists tenants: one SELECT, whose tables without a schema are those of public.
import { Problem } from '../problem/problem.ts';
import { type PlacedTree, visitStatements } from '../sql/parse.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, indexOfLocation, listTagged } from '../sql/tree.ts';

/**
 * Reads the query of a configuration as it can run with the pinned search path, in which only names of the
 * system are found: functions and operators of other owners never run.
 * @param wrong makes the problem of a query that is refused
 */
export async function readTenantQuery(text: string, wrong: (reason: string) => Problem): Promise<string> {
  const trees: PlacedTree[] = [];
  const sql = await visitStatements('the query', text, (tree) => void trees.push(tree)).catch(
    (thrown: unknown) => {
      throw thrown instanceof Problem ? wrong(thrown.message) : thrown;
    },
  );
  const [tree] = trees;
  if (tree === undefined || trees.length > 1 || tree.tag !== 'SelectStmt')
    throw wrong('it is not one SELECT');
  return qualifyTables(sql, tree);
}

// By the places of the tree, from the last to the first.
function qualifyTables(sql: string, tree: PlacedTree): string {
  const places = tablesIn(tree.node, new Set()).map(({ location }) => indexOfLocation(sql, tree, location));
  const found = [...places].sort((a, b) => b - a);
  return found
    .reduce((text, at) => `${text.slice(0, at)}public.${text.slice(at)}`, sql)
    .slice(tree.start, tree.end + found.length * 'public.'.length);
}

// Tables without a schema. A query of WITH sees those before it, and itself only with RECURSIVE (manual:
// SELECT, "WITH Clause"). Catalogs of the system are found without a schema.
function tablesIn(value: unknown, above: ReadonlySet<unknown>): Node[] {
  if (Array.isArray(value)) return value.flatMap((one) => tablesIn(one, above));
  if (typeof value !== 'object' || value === null) return [];
  const { withClause: _, ...rest } = value as Node;
  const { ctes, recursive } = childOf(value as Node, 'withClause');
  const queries = listTagged(ctes, 'CommonTableExpr');
  const known = new Set([...above, ...(recursive ? queries.map(({ ctename }) => ctename) : [])]);
  const found = queries.flatMap(({ ctename, ctequery }) => {
    const own = tablesIn(ctequery, known);
    known.add(ctename);
    return own;
  });
  const isTable = ({ schemaname, relname }: Node) =>
    schemaname === undefined && !known.has(relname) && !/^pg_/.test(String(relname));
  const others = Object.entries(rest).flatMap(([tag, inner]) =>
    tag === 'RangeVar' ? [inner as Node].filter(isTable) : tablesIn(inner, known),
  );
  return [...found, ...others];
}
