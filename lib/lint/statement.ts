// The input of rules: one statement, and the effects of those before it.

import type { Level } from '../config/policy.ts';
import { qualify } from '../model/quote.ts';
import type { Hazard } from '../model/step.ts';
import { findCodeStart } from '../problem/location.ts';
import type { PlacedTree } from '../sql/parse.ts';
import type { Node } from '../sql/statement.ts';
import { childOf, indexOfLocation, listTagged, relationPath } from '../sql/tree.ts';

/** One statement of a file that is linted. */
export interface LintedStatement {
  readonly tag: string;
  readonly node: Node;
  /** Its place in the file. */
  readonly index: number;
  /** Its text, with comments before it, and where that begins. */
  readonly source: string;
  readonly start: number;
  /** True if a block puts it together and runs it by EXECUTE. */
  readonly isComputed?: true;
  /** The index of a location in its tree. */
  at(location: unknown): number;
}

/** How a file runs. */
export interface LintedFile {
  readonly file: string;
  /** The part of the text that is linted, in its place. */
  readonly text: string;
  /** `schema`: it says what is wanted. `migration`: it runs on existing tables. */
  readonly is: 'schema' | 'migration';
  /** True if the tool that runs it puts it into a transaction. */
  readonly transactional: boolean;
}

/** The effects of the statements before one. Names are qualified and quoted. */
export interface FileScope extends LintedFile {
  /** Relations, columns and indexes that the file surely made: they have no values that others use. */
  readonly created: Set<string>;
  /** Tables that got a part or an heir. */
  readonly parents: Set<string>;
  /** True if a search_path has led names without a schema to another schema than `public`. */
  isElsewhere: boolean;
  /** Constraints that it added without validating them, as `table.name`. */
  readonly unvalidated: Set<string>;
  /** Constraints that it dropped if they were there, as `table.name`. */
  readonly dropped: Set<string>;
  /** Checks that a column is not null, as `table.name`, with the column; also of earlier files. */
  readonly notNullChecks: Map<string, { readonly column: string; valid: boolean }>;
  /** The open transaction of the file itself: where it begins; null: there is none. */
  begun: number | null;
  /** The form of names. */
  readonly naming: RegExp;
  /** The statements that made routines, by the names of these without a schema. */
  readonly routines: Map<string, readonly LintedStatement[]>;
  /** The timeouts that it has set. */
  readonly timeouts: Set<string>;
}

/** One fault of a statement. */
export interface StatementFault {
  /** Its place; default: the statement. */
  readonly index?: number;
  /** The qualified and quoted name of the table or object. */
  readonly object: string | null;
  readonly message: string;
  /** Replaces the hazards of the rule. */
  readonly hazards?: readonly Hazard[];
  /** Replaces the hint of the rule. */
  readonly hint?: string;
}

/** A rule over single statements. */
export interface StatementRule {
  readonly name: string;
  /** Its level without configuration. */
  readonly level: Level;
  /** The files that it is for. */
  readonly files: 'schema' | 'migration' | 'both';
  /** The hazards of a flagged statement, for the policy. */
  readonly hazards: readonly Hazard[];
  /** The flagged statements, for the documents: the rest of `It flags …`. */
  readonly flags: string;
  /** The advice. */
  readonly hint: string;
  find(statement: LintedStatement, scope: FileScope): readonly StatementFault[];
}

/** One subcommand of an ALTER TABLE. */
export interface TableCommand {
  readonly is: string;
  readonly node: Node;
  /** The column, the constraint or the other table. */
  readonly def: Node;
  /** The qualified and quoted name of the table. */
  readonly table: string;
  /** True if the file created the table. */
  readonly isNew: boolean;
}

/** The place of a statement and its tree. */
export function placeStatement(sql: string, tree: PlacedTree): LintedStatement {
  const { tag, node, start, end } = tree;
  return {
    tag,
    node,
    source: sql.slice(start, end),
    start,
    index: findCodeStart(sql, start),
    at: (location) => findCodeStart(sql, indexOfLocation(sql, tree, location)),
  };
}

/** The name of the relation that a statement is about. */
export function relationOf(node: Node): string {
  return qualify(relationPath(childOf(node, 'relation')));
}

/** The subcommands of an ALTER TABLE, also of a composite type; none for another statement. */
export function listCommands({ tag, node }: LintedStatement, scope: FileScope): TableCommand[] {
  if (tag !== 'AlterTableStmt' || !/TABLE|TYPE/.test(String(node.objtype))) return [];
  const table = relationOf(node);
  return listTagged(node.cmds, 'AlterTableCmd').map((command) => {
    const [def] = Object.values(childOf(command, 'def'));
    const isObject = typeof def === 'object' && def !== null;
    return {
      is: String(command.subtype).replace(/^AT_/, ''),
      node: command,
      def: isObject ? (def as Node) : {},
      table,
      isNew: scope.created.has(table),
    };
  });
}

/** The constraints in a column's definition, each with its sort: `PRIMARY`. */
export function listConstraints(column: Node): (readonly [sort: string, node: Node])[] {
  return listTagged(column.constraints, 'Constraint').map((one) => [sortOf(one), one] as const);
}

/** The sort of a constraint: `CHECK`, `FOREIGN`, `NOTNULL`. */
export const sortOf = ({ contype }: Node) => String(contype).replace(/^CONSTR_/, '');

/** True if a statement runs inside a transaction. */
export const isInTransaction = ({ transactional, begun }: FileScope) => transactional || begun !== null;
