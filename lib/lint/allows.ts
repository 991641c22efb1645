// Comments `-- pgmage:allow RULE, RULE OBJECT: reason`, and what they cover.
import { readObjectComments, splitNames } from '../sql/object-comments.ts';

/** One such comment. */
export interface Allow {
  readonly file: string;
  /** Its place in the file. */
  readonly index: number;
  /** Names of rules and hazards. */
  readonly rules: readonly string[];
  /** The object that it names, or else the one that it stands before; in lower case, without `public`. */
  readonly object: readonly string[];
  /** True if it names its object. */
  readonly isNamed: boolean;
  /** The place of the code that it stands before; null: none. */
  readonly anchor: number | null;
  /** True if that is a part of a statement. */
  readonly isInside: boolean;
}

/** A fault that a comment may cover. */
export interface Coverable {
  readonly rule: string;
  readonly hazards: readonly string[];
  /** The qualified and quoted name. */
  readonly object: string | null;
  /** The file, and the range of the statement in it; null: it is about the wanted schema. */
  readonly statement: { readonly file: string; readonly start: number; readonly end: number } | null;
}

const form = /^(\w+(?:\s*,\s*\w+)*)\s*((?:"(?:[^"]|"")*"|[^\s:"])+)?\s*(?::[\s\S]*)?$/;

/** Finds the comments of a file. */
export function readAllows({ file, text }: { readonly file: string; readonly text: string }): Allow[] {
  return readObjectComments(text, 'allow').map(({ said, index, anchor, isInside, object }) => {
    const [, rules = said, named] = form.exec(said) ?? [];
    return {
      file,
      index,
      rules: rules.split(',').map((rule) => rule.trim()),
      object: toPath(named === undefined ? object : splitNames(named)),
      isNamed: named !== undefined,
      anchor,
      isInside,
    };
  });
}

/** Names as they are compared: in lower case, without the schema that everything is in. */
export function toPath(names: readonly string[]): string[] {
  const lower = names.map((name) => name.toLowerCase());
  return lower.length > 1 && lower[0] === 'public' ? lower.slice(1) : lower;
}

/** True if a comment names the rule, or a hazard, of a fault. */
export const namesRule = ({ rules }: Allow, { rule, hazards }: Pick<Coverable, 'rule' | 'hazards'>) =>
  rules.some((one) => one === rule || hazards.includes(one));

/** True if an object is that of a comment, or a part of it. */
export function isOfObject({ object }: Allow, name: string | null): boolean {
  if (name === null || object.length === 0) return false;
  const path = toPath(splitNames(name));
  return object.every((one, at) => one === path[at]);
}

/** True if a comment covers a fault. */
export function covers(allow: Allow, fault: Coverable): boolean {
  if (!namesRule(allow, fault)) return false;
  const { statement, object } = fault;
  if (allow.isNamed || statement === null) return isOfObject(allow, object);
  const { file, start, end } = statement;
  const isThere = allow.file === file && allow.anchor !== null && allow.anchor >= start && allow.anchor < end;
  return isThere && (!allow.isInside || isOfObject(allow, object));
}
