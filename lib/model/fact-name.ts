// The names of facts for people.
import type { Fact } from './fact.ts';
import type { Kinds } from './kind.ts';
import { maskFact } from './mask.ts';

/** The name of a fact: its kind's summary or reference, without the common schema. */
export function nameFact(fact: Fact, kinds: Kinds): string {
  const kind = kinds.get(fact.kind);
  const shown = maskFact(fact, kind);
  return stripPublic(kind?.summary?.(shown) ?? kind?.reference(shown) ?? fact.id);
}

/**
 * A text without the schema that everything is in, and without the type that a default's constant has anyway.
 */
export function stripPublic(text: string): string {
  return text.replace(constant, '$1').replace(/(^|[\s(,])public\.(?=[\w"])/g, '$1');
}

const constant =
  /(\bDEFAULT '(?:[^']|'')*')::(?:[\w.]|"[^"]*")+(?: varying| precision)?(?:\([\d,]+\))?(?: with(?:out)? time zone)?(?:\[\])*/g;
