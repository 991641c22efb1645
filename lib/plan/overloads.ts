// Overloads: objects with one name, which a call tells apart by the types of its arguments.
import type { Fact } from '../model/fact.ts';
import { qualify } from '../model/quote.ts';

/** The name that all overloads of an object share; undefined: it has no other signature than its name. */
export function getSharedName({ kind, path, signature }: Fact): string | undefined {
  return signature === '' || path.length === 0 ? undefined : `${kind} ${qualify(path)}`;
}

/** True if two objects are overloads of each other: the same name and different argument types. */
export function isOverload(a: Fact, b: Fact): boolean {
  const name = getSharedName(a);
  return name !== undefined && a.signature !== b.signature && name === getSharedName(b);
}
