// TypeScript types as the values that a command line can give.
import type * as Ast from '@babel/types';
import { Problem } from '../problem/problem.ts';
import { joinLines, readDoc } from './comment.ts';
import type { TaskParameter, ValueType } from './task.ts';

type ParameterNode = Ast.Function['params'][number];
type Members = readonly Ast.TSTypeElement[];

/**
 * The types of one file. Imports are not followed: the type of a task's options must be in the file of the
 * task.
 */
export class Types {
  readonly #file: string;
  readonly #lines: readonly string[];
  readonly #named = new Map<string, Ast.TSInterfaceDeclaration | Ast.TSTypeAliasDeclaration>();

  constructor(file: string, text: string, body: readonly Ast.Statement[]) {
    this.#file = file;
    this.#lines = text.split('\n');
    for (const statement of body) {
      const inner = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (inner?.type === 'TSInterfaceDeclaration' || inner?.type === 'TSTypeAliasDeclaration')
        this.#named.set(inner.id.name, inner);
    }
  }

  /** The members of an options object as options, or null where the parameter is of another type. */
  options(node: ParameterNode): TaskParameter[] | null {
    const annotation = annotationOf(node);
    const members = annotation === null ? null : this.#members(annotation);
    if (members === null) {
      if (unwrap(node).type === 'ObjectPattern')
        throw this.#unreadable(node, 'its options have no type in this file');
      return null;
    }
    return members.map((member) => {
      if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || !member.typeAnnotation)
        throw this.#unreadable(member, 'an option must be a property with a type');
      const type = member.typeAnnotation.typeAnnotation;
      const value = this.#value(type, member);
      const required =
        !member.optional && value.type !== 'boolean' && value.type !== 'list' && !mayBeMissing(type);
      return { name: member.key.name, value, required, help: joinLines(readDoc(member)) };
    });
  }

  /** A positional parameter. */
  parameter(node: ParameterNode): Omit<TaskParameter, 'help'> {
    const inner = unwrap(node);
    if (inner.type !== 'Identifier') throw this.#unreadable(node, 'a positional argument needs a name');
    const annotation = annotationOf(node);
    const value = annotation === null ? fromDefault(node) : this.#value(annotation, node);
    if (value === null) throw this.#unreadable(node, `${inner.name} has no type`);
    const optional =
      node.type === 'AssignmentPattern' || node.type === 'RestElement' || inner.optional === true;
    return { name: inner.name, value, required: !optional && !(annotation && mayBeMissing(annotation)) };
  }

  #members(type: Ast.TSType): Members | null {
    if (type.type === 'TSTypeLiteral') return type.members;
    if (type.type === 'TSParenthesizedType') return this.#members(type.typeAnnotation);
    if (type.type === 'TSIntersectionType') {
      const parts = type.types.map((part) => this.#members(part));
      return parts.some((part) => part === null) ? null : parts.flatMap((part) => part ?? []);
    }
    const named = this.#lookUp(type);
    if (named?.type === 'TSTypeAliasDeclaration') return this.#members(named.typeAnnotation);
    if (named?.type !== 'TSInterfaceDeclaration') return null;
    const inherited = (named.extends ?? []).flatMap(({ expression }) => {
      const parent = expression.type === 'Identifier' ? this.#named.get(expression.name) : undefined;
      if (parent?.type === 'TSInterfaceDeclaration') return parent.body.body;
      throw this.#unreadable(named, 'its base is not in this file');
    });
    return [...inherited, ...named.body.body];
  }

  #lookUp(type: Ast.TSType): Ast.TSInterfaceDeclaration | Ast.TSTypeAliasDeclaration | undefined {
    if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return undefined;
    return this.#named.get(type.typeName.name);
  }

  #textOf({ start, end }: Ast.TSType): string {
    return this.#lines.join('\n').slice(start ?? 0, end ?? 0);
  }

  #value(type: Ast.TSType, node: Ast.Node): ValueType {
    const found = this.#valueOf(type);
    if (found === null)
      throw this.#unreadable(
        node,
        `it has the type ${this.#textOf(type)}, but a command line gives booleans, strings, numbers,` +
          ' lists and unions of literals',
      );
    return found;
  }

  #valueOf(type: Ast.TSType): ValueType | null {
    if (type.type === 'TSBooleanKeyword') return { type: 'boolean' };
    if (type.type === 'TSStringKeyword') return { type: 'string' };
    if (type.type === 'TSNumberKeyword') return { type: 'number' };
    if (type.type === 'TSParenthesizedType' || type.type === 'TSTypeOperator')
      return this.#valueOf(type.typeAnnotation);
    if (type.type === 'TSArrayType') return listOf(this.#valueOf(type.elementType));
    if (type.type === 'TSLiteralType') return literalOf(type);
    if (type.type === 'TSUnionType') return this.#union(type.types.filter((part) => !isNothing(part)));
    const named = this.#lookUp(type);
    if (named?.type === 'TSTypeAliasDeclaration') {
      const value = this.#valueOf(named.typeAnnotation);
      return value?.type === 'string' || value?.type === 'number' ? { ...value, name: named.id.name } : value;
    }
    if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier') return null;
    const element = type.typeParameters?.params[0];
    const isArray = type.typeName.name === 'Array' || type.typeName.name === 'ReadonlyArray';
    return isArray && element ? listOf(this.#valueOf(element)) : null;
  }

  #union(parts: readonly Ast.TSType[]): ValueType | null {
    const values = parts.map((part) => this.#valueOf(part));
    if (values.every((value) => value?.type === 'boolean')) return { type: 'boolean' };
    if (values.length === 1) return values[0] ?? null;
    const choices = values.map((value) => (value?.type === 'choice' ? value.choices : null));
    return choices.includes(null) ? null : { type: 'choice', choices: choices.flatMap((some) => some ?? []) };
  }

  #unreadable(node: Ast.Node, reason: string): Problem<'bad_task_file'> {
    const { line = 1, column = 0 } = node.loc?.start ?? {};
    const where = { file: this.#file, line, column: column + 1, text: this.#lines[line - 1] ?? '' };
    return new Problem('bad_task_file', { file: this.#file, reason }, { where });
  }
}

function unwrap(node: ParameterNode): Ast.Node & { optional?: boolean | null } {
  if (node.type === 'AssignmentPattern') return node.left;
  return node.type === 'RestElement' ? node.argument : node;
}

function annotationOf(node: ParameterNode): Ast.TSType | null {
  const holder = (node.type === 'AssignmentPattern' ? node.left : node) as {
    typeAnnotation?: Ast.Node | null;
  };
  return holder.typeAnnotation?.type === 'TSTypeAnnotation' ? holder.typeAnnotation.typeAnnotation : null;
}

function fromDefault(node: ParameterNode): ValueType | null {
  if (node.type !== 'AssignmentPattern') return null;
  if (node.right.type === 'StringLiteral') return { type: 'string' };
  if (node.right.type === 'NumericLiteral') return { type: 'number' };
  return node.right.type === 'BooleanLiteral' ? { type: 'boolean' } : null;
}

function listOf(element: ValueType | null): ValueType | null {
  return element === null || element.type === 'list' || element.type === 'boolean'
    ? null
    : { type: 'list', of: element };
}

function literalOf({ literal }: Ast.TSLiteralType): ValueType | null {
  if (literal.type === 'BooleanLiteral') return { type: 'boolean' };
  if (literal.type !== 'StringLiteral' && literal.type !== 'NumericLiteral') return null;
  return { type: 'choice', choices: [literal.value] };
}

function isNothing(type: Ast.TSType): boolean {
  return type.type === 'TSUndefinedKeyword' || type.type === 'TSNullKeyword';
}

function mayBeMissing(type: Ast.TSType): boolean {
  return type.type === 'TSUnionType' && type.types.some(isNothing);
}
