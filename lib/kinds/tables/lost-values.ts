// Finds changes of type that may change values: by the rule for built-in types, applied through domains and
// enums.
import type { Catalog } from '../../model/catalog.ts';
import { type Fact, ownName } from '../../model/fact.ts';
import type { Scope } from '../../model/kind.ts';
import { qualify, quote } from '../../model/quote.ts';
import { isMemberType } from '../extensions/member-types.ts';
import { keepsValues } from './kept-values.ts';

type Facts = Catalog['facts'];

/** A type behind all domains, also those in arrays. */
export function findBaseType(type: string, facts: Facts): string {
  const array = type.endsWith('[]') ? '[]' : '';
  const domain = facts.get(`domain:${type.slice(0, type.length - array.length)}`);
  return domain === undefined ? type : findBaseType(`${domain.payload.type}${array}`, facts);
}

/** True if a type is built-in: all others are printed with their schema. */
export function isBuiltIn(type: string): boolean {
  return !/[."]/.test(type.replace(/^"(char|bit)"/, '$1'));
}

/**
 * True if some value may differ after a cast there and back. Unknown types count as true.
 * @param asked true if the cast is explicit (see `keepsValues`)
 */
export function mayLose(from: string, to: string, scope: Scope, asked: boolean): boolean {
  const [a, b] = [findBaseType(from, scope.before.facts), findBaseType(to, scope.after.facts)];
  if (a.endsWith('[]') && b.endsWith('[]')) return mayLose(a.slice(0, -2), b.slice(0, -2), scope, true);
  if (isBuiltIn(a) && a === b) return false;
  if (isCastByUsers([a, b], scope)) return true;
  // An explicit cast to a domain truncates values that a column's type refuses.
  const written = asked || a !== from || b !== to;
  const [wasEnum, becomesEnum] = [labelsOf(a, scope.before.facts), labelsOf(b, scope.after.facts)];
  if (becomesEnum !== undefined)
    return wasEnum === undefined && !/^(text|character( varying)?)\b[^[]*$/.test(a);
  if (wasEnum !== undefined) {
    const most = Math.max(0, ...wasEnum.map((label) => [...label].length));
    return !keepsValues(`character varying(${most})`, b, written);
  }
  const [old, now] = [partsOf(a, scope.before.facts), partsOf(b, scope.after.facts)];
  if (old !== undefined && now !== undefined)
    return old.some(
      (part, at) => part !== now[at] && (now[at] === undefined || mayLose(part, now[at], scope, true)),
    );
  const [x, y] = [withoutCase(a, scope.before.facts), withoutCase(b, scope.after.facts)];
  if (x === y || isOneOfAnExtension(x, y, scope)) return false;
  return !(isBuiltIn(x) && isBuiltIn(y) && keepsValues(x, y, written));
}

// The parts of a type whose values are converted as text; parts without a type count as equal or different.
function partsOf(type: string, facts: Facts): readonly string[] | undefined {
  const ranges = [...facts.values()].filter(({ kind }) => kind === 'range type');
  const range = ranges.find(({ path, payload }) =>
    [path, payload.multirange].some((own) => qualify(own as readonly string[]) === type),
  )?.payload;
  if (range !== undefined) return [`${range.subtype}`, `${range.canonical}`];
  const base = facts.get(`base type:${type}`);
  if (base !== undefined) return [JSON.stringify(base.payload)];
  const attributes = listAttributes(type, facts);
  return attributes === undefined ? undefined : [...attributes.values()];
}

/** Name and type of each attribute of a composite type; undefined: it is none. */
export function listAttributes(type: string, facts: Facts): Map<string, string> | undefined {
  const parent = `composite type:${type}`;
  if (!facts.has(parent)) return undefined;
  const own = [...facts.values()].filter((fact) => fact.kind === 'attribute' && fact.parent === parent);
  return new Map(own.map((fact) => [ownName(fact.path), (fact as Fact<{ type: string }>).payload.type]));
}

function labelsOf(type: string, facts: Facts): readonly string[] | undefined {
  return facts.get(`enum type:${type}`)?.payload.labels as readonly string[] | undefined;
}

// The extension's type is text, compared in another way.
function withoutCase(type: string, facts: Facts): string {
  if (!isMemberType(type, 'citext', facts)) return type;
  return type.endsWith('[]') ? 'text[]' : 'text';
}

// An extension's type that comes with it to another schema. Types of other programs are in no catalog.
function isOneOfAnExtension(from: string, to: string, { before, after }: Scope): boolean {
  const isKnown = (type: string, { facts }: Catalog) =>
    [...facts.keys()].some((id) => id.endsWith(`type:${type}`) || id === `table:${type}`);
  const isMoved = [...before.facts.values()].some((old) => {
    const now = after.facts.get(old.id);
    if (old.kind !== 'extension' || now === undefined) return false;
    const [start, end] = [old, now].map(({ payload }) => `${quote(String(payload.schema))}.`) as [
      string,
      string,
    ];
    return from.startsWith(start) && to === `${end}${from.slice(start.length)}`;
  });
  return isMoved && !isKnown(from, before) && !isKnown(to, after);
}

// A cast of users' own does what its function does, also where values go over as text.
function isCastByUsers(types: readonly string[], { before, after }: Scope): boolean {
  const names = [...types.map((type) => type.replace(/\([^)]*\)/g, '')), 'text'];
  const pairs = new Set(names.flatMap((a) => names.map((b) => `(${a} AS ${b})`)));
  return [...before.facts.values(), ...after.facts.values()].some(
    ({ kind, signature }) => kind === 'cast' && pairs.has(signature ?? ''),
  );
}
