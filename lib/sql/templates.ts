// SQL that an expression puts together: its constant parts, with a name for each computed one.
import type { Node } from './statement.ts';
import { childOf, listOf, namesOf, type Tagged } from './tree.ts';

/** Stands for a name or a value that is computed. */
export const computedName = 'pgmage_computed_name';

/** The texts that a tree puts together by `||`, format() and concat(), the longest ones; also constants. */
export function findTemplates(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(findTemplates);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([tag, inner]) => {
    const [own] = listOf([{ [tag]: inner }]);
    const text = own === undefined ? null : templateOf(own);
    return text === null ? findTemplates(inner) : [text];
  });
}

// null: it is not a text, or the whole of it is computed.
function templateOf([tag, node]: Tagged): string | null {
  if (tag === 'A_Const') return textOf(node);
  if (tag === 'TypeCast') return joined([node.arg]);
  if (tag === 'A_Expr' && namesOf(node.name).at(-1) === '||') return joined([node.lexpr, node.rexpr]);
  if (tag !== 'FuncCall') return null;
  const name = namesOf(node.funcname).at(-1);
  if (name === 'concat') return joined(listOf(node.args).map(([own, one]) => ({ [own]: one })));
  if (name !== 'format') return null;
  const [pattern] = listOf(node.args);
  return (pattern === undefined ? null : templateOf(pattern))?.replace(specifier, fill) ?? null;
}

function textOf(node: Node): string | null {
  return node.sval === undefined ? null : String(childOf(node, 'sval').sval ?? '');
}

function joined(parts: readonly unknown[]): string | null {
  const texts = parts.map((part) => listOf([part])[0]).map((part) => (part ? templateOf(part) : null));
  if (texts.every((text) => text === null)) return null;
  return texts.map((text) => text ?? computedName).join('');
}

// The specifiers of format() (manual: String Functions).
const specifier = /%(?:%|(?:\d+\$)?-?(?:\d+|\*(?:\d+\$)?)?[sIL])/g;

function fill(one: string): string {
  if (one === '%%') return '%';
  return one.endsWith('L') ? `'${computedName}'` : computedName;
}
