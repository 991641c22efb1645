// Finds syntax that older servers refuse, from the parser's tree, before it is sent. It does not look into
// bodies that are strings, and does not list syntax of every supported server.
import { findCodeStart, locate, type Where } from '../problem/location.ts';
import { parseTree, type SqlFile } from './parse.ts';
import type { Node } from './statement.ts';

/** Something in a file that only newer servers understand. */
export interface NewerSyntax {
  /** The first major version that knows it. */
  readonly since: number;
  /** As the manual writes it. */
  readonly what: string;
  readonly where: Where;
}

/** A rule: nodes of one type that are newer syntax if they are so. */
interface Rule {
  readonly since: number;
  readonly what: string;
  /** The grammar's name of the node. */
  readonly node: string;
  /** Default: every such node. */
  readonly if?: (node: Node) => boolean;
}

const command =
  (subtype: string, more: (node: Node) => boolean = () => true) =>
  (node: Node) =>
    node.subtype === subtype && more(node);
const option =
  (...names: string[]) =>
  (node: Node) =>
    list(node.options ?? node.definition ?? node.opt).some(({ DefElem: one }) =>
      names.includes(String((one as Node | undefined)?.defname)),
    );
const list = (value: unknown): readonly Node[] => (Array.isArray(value) ? value : []);
const contains = (value: unknown, text: string) => JSON.stringify(value ?? null).includes(text);
const isSqlCall = (name: string, count: number) => (node: Node) =>
  node.funcformat === 'COERCE_SQL_SYNTAX' &&
  contains(node.funcname, `"${name}"`) &&
  list(node.args).length === count;

/** All that is known (source: the release notes of each version, src/backend/parser/gram.y). */
export const newerSyntaxRules: readonly Rule[] = [
  { since: 16, what: 'JSON_OBJECT(key: value)', node: 'JsonObjectConstructor' },
  { since: 16, what: 'JSON_ARRAY(…)', node: 'JsonArrayConstructor' },
  { since: 16, what: 'JSON_ARRAY(SELECT …)', node: 'JsonArrayQueryConstructor' },
  { since: 16, what: 'JSON_OBJECTAGG', node: 'JsonObjectAgg' },
  { since: 16, what: 'JSON_ARRAYAGG', node: 'JsonArrayAgg' },
  { since: 16, what: 'IS JSON', node: 'JsonIsPredicate' },
  { since: 16, what: 'SYSTEM_USER', node: 'FuncCall', if: isSqlCall('system_user', 0) },
  { since: 16, what: 'a subquery in FROM without an alias', node: 'RangeSubselect', if: (of) => !of.alias },
  {
    since: 16,
    what: 'STORAGE in CREATE TABLE',
    node: 'ColumnDef',
    if: (of) => of.storage_name !== undefined,
  },
  {
    since: 16,
    what: 'SET STORAGE DEFAULT',
    node: 'AlterTableCmd',
    if: command('AT_SetStorage', (of) => contains(of.def, '"default"')),
  },
  { since: 16, what: 'GRANT … WITH INHERIT or SET', node: 'GrantRoleStmt', if: option('inherit', 'set') },
  {
    since: 16,
    what: 'GRANT … WITH ADMIN FALSE',
    node: 'GrantRoleStmt',
    if: (of) => of.is_grant === true && option('admin')(of) && contains(of.opt, '"boolval":false'),
  },
  { since: 16, what: 'CREATE STATISTICS without a name', node: 'CreateStatsStmt', if: (of) => !of.defnames },
  {
    since: 16,
    what: 'RULES of a collation',
    node: 'DefineStmt',
    if: (of) => of.kind === 'OBJECT_COLLATION' && option('rules')(of),
  },
  {
    since: 16,
    what: 'origin, password_required or run_as_owner of a subscription',
    node: 'CreateSubscriptionStmt',
    if: option('origin', 'password_required', 'run_as_owner'),
  },
  { since: 17, what: 'JSON_TABLE', node: 'JsonTable' },
  { since: 17, what: 'JSON_EXISTS, JSON_QUERY or JSON_VALUE', node: 'JsonFuncExpr' },
  // Without more it is a cast, which others take for a function.
  {
    since: 17,
    what: 'JSON(… WITH UNIQUE KEYS)',
    node: 'JsonParseExpr',
    if: (of) => of.unique_keys === true,
  },
  { since: 17, what: 'JSON_SCALAR', node: 'JsonScalarExpr' },
  { since: 17, what: 'JSON_SERIALIZE', node: 'JsonSerializeExpr' },
  { since: 17, what: 'AT LOCAL', node: 'FuncCall', if: isSqlCall('timezone', 1) },
  { since: 17, what: 'MERGE … RETURNING', node: 'MergeStmt', if: (of) => of.returningClause !== undefined },
  {
    since: 17,
    what: 'WHEN NOT MATCHED BY SOURCE',
    node: 'MergeWhenClause',
    if: (of) => of.matchKind === 'MERGE_WHEN_NOT_MATCHED_BY_SOURCE',
  },
  {
    since: 17,
    what: 'SET EXPRESSION',
    node: 'AlterTableCmd',
    if: command('AT_SetExpression'),
  },
  {
    since: 17,
    what: 'SET ACCESS METHOD DEFAULT',
    node: 'AlterTableCmd',
    if: command('AT_SetAccessMethod', (of) => of.name === undefined),
  },
  {
    since: 17,
    what: 'SET STATISTICS DEFAULT',
    node: 'AlterTableCmd',
    if: command('AT_SetStatistics', (of) => of.def === undefined),
  },
  {
    since: 17,
    what: 'USING of a partitioned table',
    node: 'CreateStmt',
    if: (of) => of.partspec !== undefined && of.accessMethod !== undefined,
  },
  {
    since: 17,
    what: 'the privilege MAINTAIN',
    node: 'AccessPriv',
    if: (of) => of.priv_name === 'maintain',
  },
  {
    since: 17,
    what: 'COMMUTATOR, NEGATOR, HASHES or MERGES in ALTER OPERATOR',
    node: 'AlterOperatorStmt',
    if: option('commutator', 'negator', 'hashes', 'merges'),
  },
  {
    since: 17,
    what: 'the collation provider builtin',
    node: 'DefineStmt',
    if: (of) => of.kind === 'OBJECT_COLLATION' && contains(of.definition, '"builtin"'),
  },
  {
    since: 17,
    what: 'an event trigger ON login',
    node: 'CreateEventTrigStmt',
    if: (of) => of.eventname === 'login',
  },
  {
    since: 17,
    what: 'failover of a subscription',
    node: 'CreateSubscriptionStmt',
    if: option('failover'),
  },
  {
    since: 18,
    what: 'NOT NULL as a constraint of its table',
    node: 'Constraint',
    if: (of) => of.contype === 'CONSTR_NOTNULL' && of.keys !== undefined,
  },
  {
    since: 18,
    what: 'NOT NULL NO INHERIT',
    node: 'Constraint',
    if: (of) => of.contype === 'CONSTR_NOTNULL' && of.is_no_inherit === true,
  },
  {
    since: 18,
    what: 'ENFORCED or NOT ENFORCED',
    node: 'Constraint',
    if: (of) =>
      /^CONSTR_ATTR_(NOT_)?ENFORCED$/.test(String(of.contype)) ||
      (/^CONSTR_(CHECK|FOREIGN)$/.test(String(of.contype)) && of.is_enforced !== true),
  },
  {
    since: 18,
    what: 'ALTER CONSTRAINT … ENFORCED or INHERIT',
    node: 'ATAlterConstraint',
    if: (of) => of.alterEnforceability === true || of.alterInheritability === true,
  },
  {
    since: 18,
    what: 'a VIRTUAL generated column',
    node: 'Constraint',
    if: (of) => of.contype === 'CONSTR_GENERATED' && of.generated_kind === 'v',
  },
  {
    since: 18,
    what: 'WITHOUT OVERLAPS',
    node: 'Constraint',
    if: (of) => of.without_overlaps === true,
  },
  {
    since: 18,
    what: 'a foreign key with PERIOD',
    node: 'Constraint',
    if: (of) => of.fk_with_period === true || of.pk_with_period === true,
  },
  { since: 18, what: 'RETURNING WITH (OLD AS …)', node: 'ReturningOption' },
  {
    since: 18,
    what: 'LIKE in CREATE FOREIGN TABLE',
    node: 'CreateForeignTableStmt',
    if: (of) => contains(of.base, '"TableLikeClause"'),
  },
  {
    since: 18,
    what: 'default privileges ON LARGE OBJECTS',
    node: 'AlterDefaultPrivilegesStmt',
    if: (of) => contains(of.action, '"OBJECT_LARGEOBJECT"'),
  },
  {
    since: 18,
    what: 'publish_generated_columns of a publication',
    node: 'CreatePublicationStmt',
    if: option('publish_generated_columns'),
  },
  {
    since: 18,
    what: 'publish_generated_columns of a publication',
    node: 'AlterPublicationStmt',
    if: option('publish_generated_columns'),
  },
];

/**
 * The syntax of a file that a server of a major version does not understand, in the order of the file.
 * @throws Problem `invalid_sql`
 */
export async function findNewerSyntax(file: SqlFile, major: number): Promise<NewerSyntax[]> {
  const rules = newerSyntaxRules.filter(({ since }) => since > major);
  if (rules.length === 0) return [];
  const found: NewerSyntax[] = [];
  for (const { start, end } of file.statements) {
    const sql = file.runnable.slice(start, end);
    const bytes = Buffer.from(sql);
    const at = (byte: number) => start + bytes.subarray(0, byte).toString().length;
    visit(await parseTree(sql), findCodeStart(sql, 0), (type, node, place) => {
      for (const { since, what, node: name, if: isSo } of rules)
        if (name === type && (isSo === undefined || isSo(node)))
          found.push({ since, what, where: locate(file.file, file.text, at(place)) });
    });
  }
  return found;
}

// Each node with its type, and the place of the nearest that has one.
function visit(value: unknown, place: number, see: (type: string, node: Node, place: number) => void): void {
  if (Array.isArray(value)) for (const one of value) visit(one, place, see);
  else if (typeof value === 'object' && value !== null)
    for (const [type, inner] of Object.entries(value as Node)) {
      const { location } = (inner ?? {}) as { location?: unknown };
      const own = typeof location === 'number' && location > 0 ? location : place;
      if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) see(type, inner as Node, own);
      visit(inner, own, see);
    }
}
