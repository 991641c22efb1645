// The names of TypeScript types for the objects of a database, and the escapes of its texts.
import type { ObjectPath } from '../describe/description.ts';

// Names that the file itself uses.
const reserved =
  'Buffer Circle ColumnType Database Date Functions Generated GeneratedAlways Insertable Interval JsonInput' +
  ' JsonValue Partial Point Selectable Uint8Array Updateable';

/** Gives each object a name of its own, in the order in which they ask. */
export class TypeNames {
  readonly #taken = new Set(reserved.split(' '));

  /**
   * `audit.user_logins` → `AuditUserLogins`; the schema `public` is left out where the rest is enough.
   * @param suffixes of the further types that are named after it
   */
  take([schema, name]: ObjectPath, suffixes: readonly string[] = []): string {
    const short = toPascal(schema === 'public' ? name : `${schema}_${name}`);
    const full = toPascal(`${schema}_${name}`);
    const isFree = (one: string) => ['', ...suffixes].every((suffix) => !this.#taken.has(one + suffix));
    let found = isFree(short) ? short : full;
    for (let number = 2; !isFree(found); number++) found = `${full}${number}`;
    for (const suffix of ['', ...suffixes]) this.#taken.add(found + suffix);
    return found;
  }
}

function toPascal(name: string): string {
  const words = name.split(/[^\p{ID_Continue}]+|_+/u).filter((word) => word !== '');
  const joined = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
  return /^\p{ID_Start}/u.test(joined) ? joined : `_${joined}`;
}

/** The key of an object in a map: `users`, `audit.log`. A part with a dot or a quote is quoted as in SQL. */
export function keyOfPath([schema, name]: ObjectPath): string {
  const part = (one: string) => (/[."]/.test(one) ? `"${one.replaceAll('"', '""')}"` : one);
  return schema === 'public' ? part(name) : `${part(schema)}.${part(name)}`;
}

/** A property's name, with quotes where it needs them. */
export function toProperty(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : toLiteral(name);
}

// Characters that end a line, hide text or turn its direction.
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const escaped = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;

/** A string literal. */
export function toLiteral(text: string): string {
  const plain = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n');
  return `'${plain.replace(unsafe, escaped)}'`;
}

/** A doc comment of some texts, each its own paragraph; nothing where there are none. */
export function renderComment(indent: string, ...texts: readonly (string | null)[]): string[] {
  const lines = texts
    .flatMap((text) => text?.split(/\r?\n|\r/) ?? [])
    .map((line) => line.replace(unsafe, escaped).replaceAll('*/', '*\\/').trimEnd());
  const [only = ''] = lines;
  if (lines.length === 0) return [];
  if (lines.length === 1) return [`${indent}/** ${only} */`];
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}
