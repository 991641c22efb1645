// The tokens of SQL, and the places in which a name or a text can only be that of a schema.
import { loadParser } from './parser.ts';

type Parser = Awaited<ReturnType<typeof loadParser>>;

/** A token of SQL. */
export interface SchemaToken {
  /** In bytes. */
  readonly start: number;
  readonly end: number;
  readonly raw: string;
  /** A word without quotes in lower case, or a sign; empty for a quoted name and a text. */
  readonly key: string;
  /** The name that it is; null: it is none. */
  readonly name: string | null;
  /** The content of a text, without quotes; null: it is none. */
  readonly text: string | null;
}

/**
 * The use of a token. `name`: a schema before a dot or after SCHEMA; `text`: a schema as a text; `object`: a
 * text with the name of an object; `namespace`: a text with a schema as SQL writes it; `column`: a text that
 * is compared with a schema's name; `code`: the body of a routine; `path`: DEFAULT as a search path.
 */
export type SchemaUse = 'name' | 'text' | 'object' | 'namespace' | 'column' | 'code' | 'path';

/** Reads tokens. @returns null: PostgreSQL's scanner cannot read the text */
export type ReadTokens = (sql: string) => SchemaToken[] | null;

/** Loads PostgreSQL's scanner. */
export async function loadTokens(): Promise<ReadTokens> {
  const parser = await loadParser();
  return (sql) => read(parser, sql);
}

function read(parser: Parser, sql: string): SchemaToken[] | null {
  let scanned: ReturnType<Parser['scanSync']>['tokens'];
  try {
    scanned = parser.scanSync(sql).tokens;
  } catch {
    return null;
  }
  const bytes = Buffer.from(sql);
  return scanned
    .filter(({ tokenName }) => !tokenName.endsWith('COMMENT'))
    .map(({ start, end }) => tokenOf(start, end, bytes.toString('utf8', start, end)));
}

function tokenOf(start: number, end: number, raw: string): SchemaToken {
  const base = { start, end, raw, key: '', name: null, text: null };
  if (/^\$[^\d]/.test(raw)) return { ...base, text: raw.replace(/^(\$[^$]*\$)([\s\S]*)\1$/, '$2') };
  if (/^(e|n)?'/i.test(raw)) return { ...base, text: readText(raw) };
  if (/^u&['"]/i.test(raw)) return base;
  if (raw.startsWith('"')) return { ...base, name: raw.slice(1, -1).replaceAll('""', '"') };
  const key = raw.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return { ...base, key, name: /^[a-z_\u0080-\uffff]/.test(key) ? key : null };
}

// As the server reads it, except for what `isUnread` finds.
function readText(raw: string): string {
  const text = raw
    .replace(/^[^']*'/, '')
    .slice(0, -1)
    .replaceAll("''", "'");
  return /^e/i.test(raw) ? text.replace(/\\([\s\S])/g, (_, sign: string) => signs[sign] ?? sign) : text;
}

const signs: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

/** True for a text with escapes that cannot be written back as they were. */
export function hasEscapes({ raw }: SchemaToken): boolean {
  return /^e'/i.test(raw) && raw.replaceAll('\\\\', '').includes('\\');
}

/** True for a token whose content is not read: U&, numbers of characters, a text of several parts. */
export function isUnread({ raw }: SchemaToken): boolean {
  if (!/^(e|n)?'/i.test(raw)) return /^u&/i.test(raw);
  const isEscaped = /^e/i.test(raw);
  const plain = isEscaped ? raw.replaceAll('\\\\', '') : raw;
  if (isEscaped && /\\[0-7xu]/i.test(plain)) return true;
  const inner = (isEscaped ? plain.replace(/\\[\s\S]/g, '') : plain).replace(/^[^']*'/, '').slice(0, -1);
  return inner.replaceAll("''", '').includes("'");
}

const objectTypes = /^reg(class|type|proc|procedure|oper|operator|collation|config|dictionary)$/;
const objectCalls =
  /^(nextval|setval|currval|pg_get_serial_sequence|to_reg(class|type|proc|procedure|oper|operator|collation))$/;
// Of the queries of pgmage and of node-pg-migrate.
const schemaColumns = /^(nspname|schema_name|table_schema)$/;
const schemaVerbs = new Set(['in', 'on', 'set', 'create', 'drop', 'alter']);

/** The use of the token at an index; null: it is not certain that it names a schema. */
export function findSchemaUse(tokens: readonly SchemaToken[], at: number): SchemaUse | null {
  const { key, name, text } = tokens[at] as SchemaToken;
  if (name !== null && isQualifier(tokens, at)) return 'name';
  if (name === null && text === null) return null;
  const list = startOfList(tokens, at);
  if (isPath(tokens, list)) return key === 'default' ? 'path' : text === null ? 'name' : 'text';
  if (isAfterSchema(tokens, list)) return text === null ? 'name' : 'text';
  return text === null ? null : findTextUse(tokens, at);
}

// Of `public.*`, only an alias can be meant, except as the name of an operator.
function isQualifier(tokens: readonly SchemaToken[], at: number): boolean {
  const key = (place: number) => tokens[at + place]?.key;
  if (key(1) !== '.' || key(-1) === '.' || tokens[at + 2] === undefined) return false;
  return key(2) !== '*' || (key(-1) === '(' && key(-2) === 'operator');
}

function findTextUse(tokens: readonly SchemaToken[], at: number): SchemaUse | null {
  const key = (place: number) => tokens[at + place]?.key ?? '';
  const isDo = key(-1) === 'do' || (key(-2) === 'language' && key(-3) === 'do');
  if (key(-1) === 'as' || isDo) return 'code';
  if (key(-1) === '=' && schemaColumns.test(key(-2))) return 'column';
  const type = key(typePlace(tokens, at));
  if (type === 'regnamespace') return 'namespace';
  if (objectTypes.test(type)) return 'object';
  const isWhole = [')', ','].includes(key(1));
  const isOwn = key(-3) !== '.' || key(-4) === 'pg_catalog';
  if (key(-1) !== '(' || !isWhole || !isOwn) return null;
  if (key(-2) === 'to_regnamespace') return 'namespace';
  return objectCalls.test(key(-2)) ? 'object' : null;
}

// The place of the type of a text, from the text; 0: none is certain, as of an array.
function typePlace(tokens: readonly SchemaToken[], at: number): number {
  const key = (place: number) => tokens[at + place]?.key ?? '';
  if (key(1) !== '::') return ['as', '::'].includes(key(-2)) ? 0 : -1;
  const place = key(2) === 'pg_catalog' ? 4 : 2;
  return ['[', 'array'].includes(key(place + 1)) ? 0 : place;
}

/** The index before the first element of the list that an element is in. */
export function startOfList(tokens: readonly SchemaToken[], at: number): number {
  let first = at;
  while (tokens[first - 1]?.key === ',' && (tokens[first - 2]?.name ?? tokens[first - 2]?.text) != null)
    first -= 2;
  return first - 1;
}

const isPath = (tokens: readonly SchemaToken[], at: number) =>
  ['to', '='].includes(tokens[at]?.key ?? '') && tokens[at - 1]?.name === 'search_path';

function isAfterSchema(tokens: readonly SchemaToken[], end: number): boolean {
  let at = end;
  for (const word of ['exists', 'not', 'if']) if (tokens[at]?.key === word) at--;
  return tokens[at]?.key === 'schema' && schemaVerbs.has(tokens[at - 1]?.key ?? '');
}
