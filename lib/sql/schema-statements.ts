// Statements that work on one schema. All others are refused where a schema stands for a whole database.
import type { PlacedTree } from './parse.ts';
import type { SchemaToken } from './schema-tokens.ts';
import type { Node } from './statement.ts';
import { childOf, listOf, listTagged } from './tree.ts';

const wordsOf = (text: string) => new Set(text.trim().split(/\s+/));

// A statement that a later version of the grammar brings is refused until it is known here.
const statements = wordsOf(`
  AlterCollationStmt AlterDefaultPrivilegesStmt AlterDomainStmt AlterEnumStmt AlterFunctionStmt
  AlterOpFamilyStmt AlterOperatorStmt AlterOwnerStmt
  AlterPolicyStmt AlterSeqStmt AlterStatsStmt AlterTSConfigurationStmt AlterTSDictionaryStmt AlterTableStmt
  AlterTypeStmt CallStmt ClusterStmt CommentStmt CompositeTypeStmt ConstraintsSetStmt CopyStmt
  CreateConversionStmt CreateDomainStmt CreateEnumStmt CreateForeignTableStmt CreateFunctionStmt
  CreateOpClassStmt CreateOpFamilyStmt CreatePolicyStmt CreateRangeStmt CreateSeqStmt CreateStatsStmt
  CreateStmt CreateTableAsStmt CreateTrigStmt DefineStmt DeleteStmt DoStmt DropStmt GrantStmt IndexStmt
  InsertStmt LockStmt MergeStmt RefreshMatViewStmt ReindexStmt RenameStmt RuleStmt SecLabelStmt SelectStmt
  TransactionStmt TruncateStmt UpdateStmt VacuumStmt VariableSetStmt VariableShowStmt ViewStmt`);

const objects = wordsOf(`
  OBJECT_AGGREGATE OBJECT_ATTRIBUTE OBJECT_COLLATION OBJECT_COLUMN OBJECT_CONVERSION OBJECT_DOMAIN
  OBJECT_DOMCONSTRAINT OBJECT_FOREIGN_TABLE OBJECT_FUNCTION OBJECT_INDEX OBJECT_MATVIEW OBJECT_OPCLASS
  OBJECT_OPERATOR OBJECT_OPFAMILY OBJECT_POLICY OBJECT_PROCEDURE OBJECT_ROUTINE OBJECT_RULE OBJECT_SEQUENCE
  OBJECT_STATISTIC_EXT OBJECT_TABCONSTRAINT OBJECT_TABLE OBJECT_TRIGGER OBJECT_TSCONFIGURATION
  OBJECT_TSDICTIONARY OBJECT_TSPARSER OBJECT_TSTEMPLATE OBJECT_TYPE OBJECT_VIEW`);

/** True for a statement that can only change one schema. */
export function isOfOneSchema({ tag, node }: Pick<PlacedTree, 'tag' | 'node'>): boolean {
  if (!statements.has(tag)) return false;
  const types = [node.objtype, node.objectType, node.removeType, node.renameType];
  if (types.some((type) => type !== undefined && !objects.has(String(type)))) return false;
  if (tag === 'VacuumStmt') return listOf(node.rels).length > 0;
  if (tag === 'ClusterStmt') return node.relation !== undefined;
  if (tag === 'ReindexStmt') return node.relation !== undefined;
  return tag !== 'AlterDefaultPrivilegesStmt' || hasOption(node, 'schemas');
}

const hasOption = ({ options }: Node, name: string) =>
  listTagged(options, 'DefElem').some(({ defname }) => defname === name);

/** True for a routine or a block in a language whose code is read. */
export function isReadable({ options, args }: Node): boolean {
  const found = listTagged(options ?? args, 'DefElem').find(({ defname }) => defname === 'language');
  const name = childOf(childOf(found ?? {}, 'arg'), 'String').sval;
  return name === undefined || ['sql', 'plpgsql'].includes(String(name).toLowerCase());
}

const start = /^(;|begin|then|else|loop|.*>>)$/;
const skipped = /^(or|replace|global|local|temp|temporary|unlogged|recursive|unique|constraint)$/;
const made = new RegExp(
  '^(table|index|view|materialized|sequence|function|procedure|routine|aggregate|trigger|rule|policy|type' +
    '|domain|statistics|operator|collation|text|column)$',
);
const wide = /^(analyse|analyze|checkpoint|cluster|discard|import|load|notify|reassign|reindex|vacuum)$/;
const shared = /^(database|foreign|language|large|parameter|schema|tablespace)$/;

/** True if a statement in code begins at an index that may change more than one schema. */
export function isWideInCode(tokens: readonly SchemaToken[], at: number): boolean {
  const key = (place: number) => tokens[at + place]?.key ?? '';
  const isStart = at === 0 || start.test(key(-1));
  if (!isStart || [':=', '=', '.'].includes(key(1))) return false;
  if (wide.test(key(0))) return true;
  if (key(0) === 'grant' || key(0) === 'revoke') return !grantsObject(tokens, at);
  // They are also names of columns: CASE … THEN comment.
  if (key(0) === 'security') return key(1) === 'label';
  const isComment = key(0) === 'comment' && key(1) === 'on';
  if (!isComment && !/^(create|alter|drop)$/.test(key(0))) return false;
  let next = isComment ? 2 : 1;
  while (skipped.test(key(next))) next++;
  if (key(next + 1) === 'all') return true;
  return !made.test(key(next)) && !(key(next) === 'foreign' && key(next + 1) === 'table');
}

function grantsObject(tokens: readonly SchemaToken[], at: number): boolean {
  const end = tokens.findIndex(({ key }, place) => place > at && key === ';');
  const keys = tokens.slice(at, end < 0 ? undefined : end).map(({ key }) => key);
  const on = keys.indexOf('on');
  return on > 0 && !shared.test(keys[on + 1] ?? '');
}
