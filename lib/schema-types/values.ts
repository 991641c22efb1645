// The JavaScript values that the client `pg` returns and accepts for a type (source: pg-types 2,
// textParsers.js, and prepareValue in pg's utils.js).
import type { DescribedValueType, Description } from '../describe/description.ts';

/** The TypeScript types of a value without NULL: as it is read, and as it can be written. */
export interface ClientType {
  readonly read: string;
  readonly write: string;
}

const text: ClientType = { read: 'string', write: 'string' };
const number: ClientType = { read: 'number', write: 'number | string' };
const date: ClientType = { read: 'Date', write: 'Date | string' };
const json: ClientType = { read: 'JsonValue', write: 'JsonInput' };

// By the OIDs of pg_type.dat, which never change. Every other type comes as text.
const scalars: Readonly<Record<string, ClientType>> = {
  16: { read: 'boolean', write: 'boolean' },
  17: { read: 'Buffer', write: 'Uint8Array | string' },
  20: { read: 'string', write: 'string | number | bigint' },
  21: number,
  23: number,
  26: number,
  114: json,
  600: { read: 'Point', write: 'string' },
  700: number,
  701: number,
  718: { read: 'Circle', write: 'string' },
  1082: date,
  1114: date,
  1184: date,
  1186: { read: 'Interval', write: 'Interval | string' },
  1700: { read: 'string', write: 'string | number | bigint' },
  3802: json,
};

// Arrays that the client parses; it leaves all others as text: `{a,b}`.
const arrays = new Set(
  (
    '199 651 791 1000 1001 1005 1007 1008 1009 1014 1015 1016 1017 1021 1022 1028 1040 1041 1115 1182 1183' +
    ' 1185 1187 1231 1270 2951 3807 3907'
  ).split(' '),
);
// Elements of numeric[] become numbers, though numeric itself stays text.
const numericArray = '1231';

/** The client's types for the types of a database. */
export class ClientTypes {
  readonly #values: Description['values'];
  readonly #names: ReadonlyMap<string, string>;

  /** @param names the names of enums and domains, by OID */
  constructor(values: Description['values'], names: ReadonlyMap<string, string>) {
    this.#values = values;
    this.#names = names;
  }

  /**
   * The client's type for a type.
   * @param dimensions of an array, where they are declared
   */
  of(oid: string, dimensions = 0): ClientType {
    const type = this.#values.get(oid);
    if (type === undefined) return text;
    const name = this.#names.get(oid);
    if (type.sort === 'enum') return name === undefined ? text : { read: name, write: name };
    if (type.sort === 'domain') {
      const base = this.of(type.of as string, dimensions);
      return name === undefined ? base : { read: name, write: base.write };
    }
    if (type.sort === 'array') return this.#array(oid, type, dimensions);
    if (type.sort === 'pseudo') return type.path[1] === 'void' ? text : { read: 'unknown', write: 'unknown' };
    return scalars[oid] ?? text;
  }

  /** The client's type for the type under a domain. */
  baseOf(oid: string): ClientType {
    return this.of(this.#values.get(oid)?.of ?? '');
  }

  /** The client's type for the elements of an array; null: it is none. */
  elementOf(oid: string): ClientType | null {
    const type = this.#values.get(oid);
    return type?.sort === 'array' ? this.of(type.of as string) : null;
  }

  /** True if a domain refuses NULL. */
  refusesNull(oid: string): boolean {
    const type = this.#values.get(oid);
    return type?.sort === 'domain' && (type.notNull || this.refusesNull(type.of as string));
  }

  /** True if a domain has a default. */
  hasDefault(oid: string): boolean {
    const type = this.#values.get(oid);
    return type?.sort === 'domain' && (type.hasDefault || this.hasDefault(type.of as string));
  }

  #array(oid: string, type: DescribedValueType, dimensions: number): ClientType {
    const element = this.of(type.of as string);
    const write = `readonly (${element.write} | null)[] | string`;
    if (!arrays.has(oid)) return { read: 'string', write };
    let read = oid === numericArray ? 'number' : element.read;
    for (let depth = 0; depth < Math.max(1, dimensions); depth++)
      read = depth === 0 ? `(${read} | null)[]` : `${read}[]`;
    return { read, write: dimensions > 1 ? `${read} | string` : write };
  }
}

/** The declarations of the client's own types, by their names. */
export const clientDeclarations: Readonly<Record<string, string>> = {
  JsonValue: `/** A value of json or jsonb. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };`,
  JsonInput: `/**
 * A value for json or jsonb. The client makes JSON of objects only: pass a text or an array as
 * \`JSON.stringify(value)\`.
 */
export type JsonInput = string | number | boolean | { readonly [key: string]: unknown };`,
  Interval: `/** A value of interval. A part that is 0 is missing. */
export interface Interval {
  years?: number;
  months?: number;
  days?: number;
  hours?: number;
  minutes?: number;
  seconds?: number;
  milliseconds?: number;
  toPostgres(): string;
}`,
  Point: `/** A value of point. */
export interface Point {
  x: number;
  y: number;
}`,
  Circle: `/** A value of circle. */
export interface Circle {
  x: number;
  y: number;
  radius: number;
}`,
};
