// The first fault of a value that does not have the shape of a schema, as a sentence for the sender.
import { findNearest } from '../problem/nearest.ts';
import { wordsOf } from './schema-parts.ts';

/** The part of a JSON Schema that the shapes of requests use. */
interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly description?: string;
}

/** The place of a value: its owner in words, the word for a member, and the path to it. */
interface Place {
  /** `the body`, `schedule nightly`. */
  readonly owner: string;
  readonly member: 'field' | 'parameter';
  readonly path: string;
}

/**
 * Describes the first fault of a value.
 * @param owner the value in words: `the body`
 * @param member the word for its members
 * @returns a sentence without its full stop
 */
export function describeFault(
  schema: object,
  value: unknown,
  owner: string,
  member: Place['member'] = 'field',
): string {
  return findFault(schema, value, { owner, member, path: '' }) ?? `${owner} does not have the allowed form`;
}

function findFault(shape: Shape, value: unknown, place: Place): string | null {
  if (shape.anyOf !== undefined) return findUnionFault(shape.anyOf, value, place);
  const allowed = shape.enum ?? ('const' in shape ? [shape.const] : undefined);
  if (allowed !== undefined) return allowed.includes(value) ? null : refuseChoice(allowed, value, place);
  const given = typeOf(value);
  if (value === undefined) return `${nameOf(place)} is missing: send ${words[shape.type ?? 'object']}`;
  if (shape.type !== undefined && given !== shape.type && !(shape.type === 'number' && given === 'integer'))
    return `${nameOf(place)} is ${words[given]}, not ${words[shape.type]}${described(shape)}`;
  if (typeof value === 'string') return findTextFault(shape, value, place);
  if (typeof value === 'number') return findNumberFault(shape, value, place);
  if (Array.isArray(value)) return findListFault(shape, value, place);
  return given === 'object' ? findObjectFault(shape, value as Members, place) : null;
}

type Members = Readonly<Record<string, unknown>>;

const words: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a JSON object',
  null: 'null',
};

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

const nameOf = ({ owner, member, path }: Place) =>
  path === '' ? owner : `the ${member} ${path}${owner.startsWith('the ') ? '' : ` of ${owner}`}`;

// A description begins like a sentence.
const described = ({ description }: Shape) =>
  description === undefined ? '' : `: ${description.charAt(0).toLowerCase()}${description.slice(1)}`;

// One value of a member says which of the shapes is meant; otherwise a value may also be null.
function findUnionFault(shapes: readonly Shape[], value: unknown, place: Place): string | null {
  const faults = shapes.map((shape) => findFault(shape, value, place));
  if (faults.includes(null)) return null;
  const choices = shapes.filter(({ type }) => type !== 'null');
  const key = Object.entries(choices[0]?.properties ?? {}).find(([, one]) => 'const' in one)?.[0];
  if (key === undefined || typeOf(value) !== 'object') return findFault(choices[0] ?? {}, value, place);
  const given = (value as Members)[key];
  const meant = choices.find(({ properties }) => properties?.[key]?.const === given);
  if (meant !== undefined) return findFault(meant, value, place);
  const allowed = choices.map(({ properties }) => properties?.[key]?.const);
  return given === undefined
    ? `${nameOf(place)} has no ${place.member} ${key}, which is one of ${allowed.join(', ')}`
    : refuseChoice(allowed, given, memberOf(place, key));
}

const memberOf = (place: Place, name: string): Place => ({
  ...place,
  path: place.path === '' ? name : `${place.path}.${name}`,
});

function refuseChoice(allowed: readonly unknown[], value: unknown, place: Place): string {
  const [nearest] = typeof value === 'string' ? findNearest(value, allowed.map(String)) : [];
  const meant = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  return `${nameOf(place)} is ${show(value)}.${meant} Allowed: ${allowed.join(', ')}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function findTextFault(shape: Shape, value: string, place: Place): string | null {
  const { minLength = 0, maxLength = Infinity, pattern } = shape;
  const { length } = [...value];
  if (length < minLength) return `${nameOf(place)} is empty${described(shape)}`;
  if (length > maxLength)
    return `${nameOf(place)} has ${length} characters: at most ${maxLength} are allowed`;
  if (pattern === undefined || new RegExp(pattern, 'u').test(value)) return null;
  return `${nameOf(place)} is not ${wordsOf(pattern) ?? 'in the allowed form'}`;
}

function findNumberFault(shape: Shape, value: number, place: Place): string | null {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = shape;
  const name = `${nameOf(place)} is ${value}`;
  if (value < minimum) return `${name}: at least ${minimum} is allowed`;
  if (value <= exclusiveMinimum) return `${name}: only more than ${exclusiveMinimum} is allowed`;
  return value > maximum ? `${name}: at most ${maximum} is allowed` : null;
}

function findListFault(shape: Shape, value: readonly unknown[], place: Place): string | null {
  const { minItems = 0, maxItems = Infinity, items = {} } = shape;
  if (value.length < minItems) return `${nameOf(place)} is an empty list${described(shape)}`;
  if (value.length > maxItems)
    return `${nameOf(place)} has ${value.length} items: at most ${maxItems} are allowed`;
  for (const [at, item] of value.entries()) {
    const fault = findFault(items, item, { ...place, path: `${place.path}[${at}]` });
    if (fault !== null) return fault;
  }
  return null;
}

function findObjectFault(shape: Shape, value: Members, place: Place): string | null {
  const { properties = {}, required = [], additionalProperties } = shape;
  const names = Object.keys(properties);
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(properties, name));
  if (unknown !== undefined && additionalProperties === false) return refuseUnknown(unknown, names, place);
  const missing = required.find((name) => value[name] === undefined);
  if (missing !== undefined)
    return `${nameOf(place)} has no ${place.member} ${missing}${described(properties[missing] ?? {})}`;
  for (const name of names) {
    if (value[name] === undefined) continue;
    const fault = findFault(properties[name] ?? {}, value[name], memberOf(place, name));
    if (fault !== null) return fault;
  }
  return null;
}

function refuseUnknown(name: string, names: readonly string[], place: Place): string {
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  const [nearest] = findNearest(name, names);
  const meant = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  const allowed = names.length === 0 ? 'It has none' : `Allowed: ${names.join(', ')}`;
  return `${nameOf(place)} has an unknown ${place.member} ${shown}.${meant} ${allowed}`;
}
