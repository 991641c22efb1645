// Expressions as what the planner may make of them before it runs a statement: both those that the server
// keeps as trees of nodes (source: primnodes.h), and bodies of functions in SQL, which it keeps as texts.
import { loadParser } from '../sql/parser.ts';

/** An expression, by what matters to whether the planner can compute it. */
export type Term =
  /** Differs from row to row. */
  | { readonly is: 'value' }
  /** Of the function whose body it is in; the first is 1. */
  | { readonly is: 'parameter'; readonly number: number }
  | { readonly is: 'constant'; readonly isNull: boolean }
  /** `positional`: the arguments stand in the order of the parameters. */
  | {
      readonly is: 'call';
      readonly of: Callee;
      readonly args: readonly Term[];
      readonly positional: boolean;
    }
  /** The values that a domain's checks see. */
  | { readonly is: 'checked'; readonly of: Callee; readonly arg: Term }
  /** May become anything, but for `as`: what differs from row to row then does. */
  | { readonly is: 'other'; readonly parts: readonly Term[]; readonly as?: Term };

/** A function, an operator or a domain: its number in a catalog, or the name by which a text calls it. */
export type Callee =
  | { readonly catalog: 'pg_proc' | 'pg_operator' | 'pg_type'; readonly oid: string }
  | { readonly catalog: 'pg_proc' | 'pg_operator' | 'pg_type'; readonly path: readonly string[] };

interface Node {
  readonly tag: string;
  readonly fields: ReadonlyMap<string, readonly Value[]>;
}
type Value = string | Node | readonly Value[];

/** The expressions of a `pg_node_tree`. */
export function termOfTree(tree: string): Term {
  const tokens = tree.match(/[{}()]|(?:\\[\s\S]|[^\s{}()\\])+/g) ?? [];
  let at = 0;
  const list = (end: string): Value[] => {
    const values: Value[] = [];
    for (;;) {
      const token = tokens[at++];
      if (token === undefined || token === end) return values;
      values.push(token === '{' ? node() : token === '(' ? list(')') : token);
    }
  };
  const node = (): Node => {
    const [tag, ...values] = list('}');
    const fields = new Map<string, Value[]>();
    let field: Value[] = [];
    for (const value of values)
      if (typeof value === 'string' && value.startsWith(':')) {
        field = [];
        // A name of the user's may look like a field; what decides comes before any of these.
        if (!fields.has(value)) fields.set(value, field);
      } else field.push(value);
    return { tag: String(tag), fields };
  };
  return other(nodesIn(list('')).map(termOfNode));
}

const other = (parts: readonly Term[], as?: Term): Term => ({ is: 'other', parts, ...(as && { as }) });
const same = (term: Term): Term => other([term], term);

function nodesIn(value: Value): Node[] {
  if (typeof value === 'string') return [];
  return 'tag' in value ? [value] : value.flatMap(nodesIn);
}

function termOfNode({ tag, fields }: Node): Term {
  const atoms = (name: string) =>
    (fields.get(name) ?? []).flat().filter((one): one is string => typeof one === 'string');
  const termsOf = (name: string) => nodesIn(fields.get(name) ?? []).map(termOfNode);
  const all = () => [...fields.values()].flatMap((values) => nodesIn(values)).map(termOfNode);
  const only = (terms: readonly Term[]) => (terms.length === 1 ? (terms[0] as Term) : other(terms));
  const call = (catalog: 'pg_proc' | 'pg_operator', oid: string | undefined): Term => {
    const args = nodesIn(fields.get(':args') ?? []);
    const positional = !args.some((arg) => arg.tag === 'NAMEDARGEXPR');
    return { is: 'call', of: { catalog, oid: oid ?? '' }, args: args.map(termOfNode), positional };
  };
  switch (tag) {
    case 'VAR':
    case 'COERCETODOMAINVALUE':
      return { is: 'value' };
    case 'PARAM':
      return { is: 'parameter', number: Number(atoms(':paramid')[0]) };
    case 'CONST':
      return { is: 'constant', isNull: atoms(':constisnull')[0] !== 'false' };
    case 'RELABELTYPE':
    case 'COERCEVIAIO':
    case 'COLLATEEXPR':
    case 'NAMEDARGEXPR':
      return same(only(termsOf(':arg')));
    case 'COERCETODOMAIN':
      return {
        is: 'checked',
        of: { catalog: 'pg_type', oid: atoms(':resulttype')[0] ?? '' },
        arg: only(termsOf(':arg')),
      };
    case 'COALESCEEXPR':
      return other(termsOf(':args'), termsOf(':args')[0]);
    case 'FUNCEXPR':
      return call('pg_proc', atoms(':funcid')[0]);
    case 'OPEXPR':
      return call('pg_operator', atoms(':opno')[0]);
    case 'DISTINCTEXPR':
    case 'NULLIFEXPR':
    case 'SCALARARRAYOPEXPR':
      return other([call('pg_operator', atoms(':opno')[0])]);
    case 'ROWCOMPAREEXPR':
      return other([...atoms(':opnos').map((oid) => call('pg_operator', oid)), ...all()]);
    case 'QUERY':
    case 'TARGETENTRY': {
      const inner = termsOf(tag === 'QUERY' ? ':targetList' : ':expr');
      return other(all(), inner.length === 1 ? inner[0] : undefined);
    }
    default:
      return other(all());
  }
}

/**
 * The body of a function in SQL, as far as it is one query. Names without a schema are the system's: the path
 * is pinned.
 * @param names of the parameters
 */
export async function termOfBody(sql: string, names: readonly string[]): Promise<Term> {
  const parser = await loadParser();
  const parse = () => {
    try {
      return parser.parseSync(sql);
    } catch {
      // The planner cannot read it either.
      return null;
    }
  };
  const found = valuesUnder(parse(), 'ResTarget');
  const terms = found.map((one) => termOfParsed((one as { val?: unknown }).val, names));
  return other(terms, terms.length === 1 ? terms[0] : undefined);
}

type Fields = Readonly<Record<string, unknown>>;

function termOfParsed(value: unknown, names: readonly string[]): Term {
  const inner = (one: unknown) => termOfParsed(one, names);
  if (Array.isArray(value)) return other(value.map(inner));
  if (typeof value !== 'object' || value === null) return other([]);
  const [[tag, content] = ['', null]] = Object.entries(value) as [string, unknown][];
  const node = (content ?? {}) as Fields;
  const texts = (field: string) => textsOf(node[field]);
  switch (tag) {
    case 'ParamRef':
      return { is: 'parameter', number: Number(node.number) };
    case 'ColumnRef':
      return { is: 'parameter', number: names.indexOf(texts('fields').at(-1) ?? '') + 1 };
    case 'A_Const':
      return { is: 'constant', isNull: node.isnull === true };
    case 'CollateClause':
      return same(inner(node.arg));
    case 'NamedArgExpr':
      return same(inner(node.arg));
    case 'CoalesceExpr': {
      const args = (node.args as unknown[]).map(inner);
      return other(args, args[0]);
    }
    case 'TypeCast':
      return domainOf(textsOf((node.typeName as Fields).names), inner(node.arg));
    case 'FuncCall': {
      const args = ((node.args ?? []) as unknown[]).map(inner);
      const named = JSON.stringify(node.args ?? []).includes('"NamedArgExpr"');
      const positional = !named && node.func_variadic !== true;
      const path = ownPath(texts('funcname'));
      const call: Term = { is: 'call', of: { catalog: 'pg_proc', path }, args, positional };
      // A call of a type is a cast.
      return args.length === 1 ? other([call, domainOf(path, args[0] as Term)], call) : call;
    }
    case 'A_Expr': {
      const args = [node.lexpr, node.rexpr].filter((one) => one !== undefined).map(inner);
      const path = ownPath(texts('name'));
      const call: Term = { is: 'call', of: { catalog: 'pg_operator', path }, args, positional: true };
      return node.kind === 'AEXPR_OP' ? call : other([call]);
    }
    default:
      return other(
        Object.values(value)
          .flatMap((one) => nested(one))
          .map(inner),
      );
  }
}

function domainOf(names: readonly string[], arg: Term): Term {
  return { is: 'checked', of: { catalog: 'pg_type', path: ownPath(names) }, arg };
}

// Without one that is the system's.
const ownPath = (names: readonly string[]) => {
  const path = names.slice(-2);
  return path.length < 2 || path[0] === 'pg_catalog' ? [] : path;
};

const isNode = (key: string) => /^[A-Z]/.test(key);

// The nodes right below a value.
function nested(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(nested);
  if (typeof value !== 'object' || value === null) return [];
  const [key] = Object.keys(value);
  return key !== undefined && isNode(key) ? [value] : Object.values(value).flatMap(nested);
}

function valuesUnder(value: unknown, key: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => valuesUnder(one, key));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === key ? [inner] : valuesUnder(inner, key)));
}

const textsOf = (value: unknown): string[] => valuesUnder(value, 'sval').map(String);
