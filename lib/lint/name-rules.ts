// Rules about names: their form, and their length.
import { qualify } from '../model/quote.ts';
import { childOf, listTagged, namesOf, relationPath } from '../sql/tree.ts';
import {
  type FileScope,
  type LintedStatement,
  listCommands,
  type StatementFault,
  type StatementRule,
} from './statement.ts';

/** The form of names without configuration: they need no quotes. */
export const usualNames = '^[a-z_][a-z0-9_]*$';

/** A name that a statement gives. */
interface GivenName {
  readonly name: string;
  readonly index: number;
  readonly object: string | null;
}

// The members with the new name, by the statement that gives it.
const members: Readonly<Record<string, string>> = {
  IndexStmt: 'idxname',
  CreateTrigStmt: 'trigname',
  CreatePolicyStmt: 'policy_name',
  CreateSchemaStmt: 'schemaname',
  RenameStmt: 'newname',
};

const lists: Readonly<Record<string, string>> = {
  CreateFunctionStmt: 'funcname',
  CreateEnumStmt: 'typeName',
  CreateDomainStmt: 'domainname',
};

const relations: Readonly<Record<string, string>> = {
  CreateStmt: 'relation',
  ViewStmt: 'view',
  CreateSeqStmt: 'sequence',
};

function listGiven(statement: LintedStatement, scope: FileScope): GivenName[] {
  const { tag, node, index } = statement;
  const one = (name: unknown, object: string | null, at = index): GivenName[] =>
    name === undefined || name === '' ? [] : [{ name: String(name), index: at, object }];
  const found = one(node[members[tag] ?? ''], null);
  if (lists[tag] !== undefined) found.push(...one(namesOf(node[lists[tag]]).at(-1), null));
  const relation = relations[tag];
  const object = relation === undefined ? null : qualify(relationPath(childOf(node, relation)));
  if (relation !== undefined) found.push(...one(childOf(node, relation).relname, object));
  const constraintNames = (all: unknown, table: string | null) =>
    listTagged(all, 'Constraint').flatMap((each) => one(each.conname, table, statement.at(each.location)));
  const parts = (table: string | null, all: unknown) => [
    ...listTagged(all, 'ColumnDef').flatMap((column) => [
      ...one(column.colname, table, statement.at(column.location)),
      ...constraintNames(column.constraints, table),
    ]),
    ...constraintNames(all, table),
  ];
  if (tag === 'CreateStmt') found.push(...parts(object, node.tableElts));
  for (const { table, node: command } of listCommands(statement, scope))
    found.push(...parts(table, [childOf(command, 'def')]));
  return found;
}

const naming: StatementRule = {
  name: 'naming',
  level: 'warn',
  files: 'both',
  hazards: [],
  flags: 'a name that does not match `pattern`; by default one that needs quotes',
  hint: 'Choose a name that matches the pattern, or change the pattern.',
  find: (statement, scope) =>
    listGiven(statement, scope)
      .filter(({ name }) => !scope.naming.test(name))
      .map(({ name, index, object }): StatementFault => {
        return { index, object, message: `The name ${name} does not match ${scope.naming.source}` };
      }),
};

const identifier =
  /"((?:[^"]|"")*)"|'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|(\$\w*\$)[\s\S]*?\2|[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/gi;

// Longer names are cut (manual: Lexical Structure, Identifiers).
const longest = 63;

const length: StatementRule = {
  name: 'identifier_length',
  level: 'deny',
  files: 'both',
  hazards: [],
  flags: 'a name of more than 63 bytes, which the server cuts',
  hint: 'Choose a shorter name.',
  find({ source, start }) {
    return [...source.matchAll(identifier)].flatMap((match): StatementFault[] => {
      const [whole, quoted] = match;
      if (/^('|--|\/\*|\$)/.test(whole)) return [];
      const name = quoted === undefined ? whole : quoted.replaceAll('""', '"');
      if (Buffer.byteLength(name) <= longest) return [];
      return [{ index: start + match.index, object: null, message: `The server cuts the name ${name}` }];
    });
  },
};

/** The rules about names. */
export const nameRules: readonly StatementRule[] = [naming, length];
