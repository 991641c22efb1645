// Where a source names a kind of object, which only lib/kinds may do.
import type { Node } from '@babel/types';
import { kinds } from '../../lib/kinds/index.ts';
import { nodes, type Source } from './sources.ts';

const names = [...kinds.keys()];

/**
 * The places of a source outside lib/kinds that name a kind: the beginning of an id (`table:`), and a name
 * where a kind is asked for (`fact.kind === 'table'`, `kinds.get('table')`, a list of kinds). Elsewhere words
 * such as `default`, `schema` or `primary key` mean something else.
 */
export function kindsNamedIn(source: Source): { readonly line: number; readonly text: string }[] {
  if (source.room === 'kinds') return [];
  return nodes(source.tree).flatMap(({ node, above }) => {
    const text = textOf(node);
    if (text === undefined || !namesKind(text, node, above)) return [];
    return [{ line: node.loc?.start.line ?? 0, text }];
  });
}

function textOf(node: Node): string | undefined {
  if (node.type === 'StringLiteral') return node.value;
  if (node.type === 'TemplateElement') return node.value.raw;
  return node.type === 'RegExpLiteral' ? node.pattern.replace(/^\^/, '') : undefined;
}

function namesKind(text: string, node: Node, above: Node): boolean {
  if (names.some((name) => text.startsWith(`${name}:`))) return true;
  return names.includes(text) && asksForKind(node, above);
}

function asksForKind(node: Node, above: Node): boolean {
  switch (above.type) {
    case 'BinaryExpression':
      return isKind(above.left === node ? above.right : above.left);
    case 'ObjectProperty':
      return above.value === node && isKind(above.key);
    case 'CallExpression':
      return above.callee.type === 'MemberExpression' && isNamed(above.callee.object, /^kinds$/);
    case 'SwitchCase':
      return true;
    case 'ArrayExpression':
      return above.elements.every((each) => each !== null && names.includes(textOf(each) ?? ''));
    default:
      return false;
  }
}

const isKind = (node: Node) => isNamed(node, /^kind$/);

function isNamed(node: Node, name: RegExp): boolean {
  if (node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression')
    return isNamed(node.property, name);
  return node.type === 'Identifier' && name.test(node.name);
}
