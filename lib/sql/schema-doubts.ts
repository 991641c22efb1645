// SQL in which it is not certain what is the name of a schema, so that it cannot be written for another one.
// The rule: the schema's name stands where only a schema can stand, or is refused.
import { literal } from '../model/quote.ts';
import { type PlacedTree, visitStatements } from './parse.ts';
import { listWritten, type WrittenRelation } from './row-writes.ts';
import { isOfOneSchema, isReadable, isWideInCode } from './schema-statements.ts';
import {
  findSchemaUse,
  hasEscapes,
  isUnread,
  loadTokens,
  type ReadTokens,
  type SchemaToken,
  startOfList,
} from './schema-tokens.ts';
import { readShared, type SharedNames } from './shared-statements.ts';
import type { Node } from './statement.ts';
import { collectNodes, listOf, namesOf } from './tree.ts';

/** A place that cannot be rewritten. */
export interface SchemaDoubt {
  /** The index into the text. */
  readonly index: number;
  /** A reason that follows the name of a file. */
  readonly reason: string;
}

/** The first place of a file, and the names in it that could be read as a schema's. */
export interface SchemaReading {
  readonly doubt: SchemaDoubt | null;
  /** The first place of each name before a dot, and of each relation, alias and routine. */
  readonly names: ReadonlyMap<string, number>;
  /** The statements on what all tenants share, which are not run for a tenant. */
  readonly shared: readonly PlacedNames[];
  /** The relations whose rows it changes. */
  readonly writes: readonly PlacedRelation[];
}

/** A relation, and the place of the statement that changes its rows. */
export interface PlacedRelation extends WrittenRelation {
  /** The index into the text. */
  readonly index: number;
}

/** A statement on what all tenants share, and its place. */
export interface PlacedNames extends SharedNames {
  /** The index into the text. */
  readonly index: number;
}

/** The statement or the body that tokens are part of. */
interface Place {
  /** The statement; null: the body of a routine or a block. */
  readonly tag: string | null;
  /** false: code in it is not read. */
  readonly isReadable: boolean;
}

/**
 * Reads the SQL of a file that is to run in another schema than it is written for.
 * @param schema the schema that it is written for
 * @throws Problem `invalid_sql`
 */
export async function readSchemaUse(file: string, text: string, schema: string): Promise<SchemaReading> {
  const scan = new DoubtScan(await loadTokens(), schema);
  await visitStatements(file, text, (tree, sql) => scan.statement(tree, sql));
  return { doubt: scan.doubts[0] ?? null, names: scan.names, shared: scan.shared, writes: scan.writes };
}

// Their texts are for people, or the labels of a type.
const withTexts = new Set(['CommentStmt', 'SecLabelStmt', 'CreateEnumStmt', 'AlterEnumStmt']);
const withPath = new Set(['VariableSetStmt', 'CreateFunctionStmt', 'AlterFunctionStmt']);

class DoubtScan {
  readonly doubts: SchemaDoubt[] = [];
  readonly names = new Map<string, number>();
  readonly shared: PlacedNames[] = [];
  readonly writes: PlacedRelation[] = [];
  readonly #read: ReadTokens;
  readonly #schema: string;
  readonly #word: RegExp;

  constructor(read: ReadTokens, schema: string) {
    this.#read = read;
    this.#schema = schema;
    this.#word = new RegExp(`(?<![\\w$])${schema.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'i');
  }

  statement(tree: PlacedTree, sql: string): void {
    const { tag, node, start, end } = tree;
    const text = sql.slice(start, end);
    const tokens = this.#read(text) ?? [];
    const first = start + indexOfByte(text, tokens[0]?.start ?? 0);
    const [one = '', two = ''] = tokens.map(({ raw }) => raw.toUpperCase());
    const shared = readShared(tree, this.#schema);
    if (shared !== null) {
      for (const name of shared.schemas) this.#name(name, first);
      this.shared.push({ ...shared, index: first });
      return;
    }
    for (const relation of listWritten(tree)) this.writes.push({ ...relation, index: first });
    if (!isOfOneSchema(tree)) this.#doubt(first, `${one} ${two} is not for one schema alone`.trim());
    this.#tokens(text, start, { tag, isReadable: isReadable(node) });
    if (usesPathAsColumn(node)) this.#doubt(first, 'a column or a name is search_path');
    if (hasColumn(node, this.#schema)) this.#doubt(first, `a column or an alias is ${this.#schema}`);
    for (const name of listNames(node)) this.#name(name, first);
  }

  #doubt(index: number, reason: string): void {
    this.doubts.push({ index, reason });
  }

  #name(name: string, index: number): void {
    if (!this.names.has(name)) this.names.set(name, index);
  }

  #tokens(sql: string, from: number, place: Place): void {
    const tokens = this.#read(sql);
    if (tokens === null) {
      if (this.#word.test(sql)) this.#doubt(from, `a body names ${this.#schema} and cannot be read`);
      return;
    }
    for (const [at, token] of tokens.entries()) {
      const index = from + indexOfByte(sql, token.start);
      const use = findSchemaUse(tokens, at);
      if (token.name !== null && use === 'name') this.#name(token.name, index);
      const reason = this.#reasonOf(tokens, at, place);
      if (reason !== null) this.#doubt(index, reason);
      if (token.text === null || use === null) continue;
      // An index into a body: a quote in it is written twice in quotes.
      const opening = /^\$[^$]*\$/.exec(token.raw)?.[0].length ?? 1;
      if (use === 'code') this.#tokens(token.text, index + opening, { tag: null, isReadable: true });
      else for (const { name } of this.#read(token.text) ?? []) if (name !== null) this.#name(name, index);
    }
  }

  // null: it is certain, or not about the schema.
  #reasonOf(tokens: readonly SchemaToken[], at: number, place: Place): string | null {
    const token = tokens[at] as SchemaToken;
    const { key, name, text } = token;
    const near = (step: number) => tokens[at + step]?.key ?? '';
    if (/^u&/i.test(token.raw)) return 'names and texts with U& are not read';
    if (text !== null) return this.#reasonOfText(tokens, at, place);
    if (near(-1) === 'reset' && (name === 'search_path' || key === 'all'))
      return 'RESET resets the search path';
    if (name === 'search_path') return reasonOfPath(tokens, at, place);
    if (name === 'set_config' && (tokens[at + 2]?.text == null || near(3) !== ','))
      return 'set_config sets a setting that is not named there';
    if (name === 'standard_conforming_strings' && near(2) !== 'on')
      return 'standard_conforming_strings changes how texts are read';
    if (place.tag === null && isWideInCode(tokens, at))
      return `${key.toUpperCase()} ${near(1).toUpperCase()} is not for one schema alone`;
    return name === this.#schema ? this.#reasonOfName(tokens, at, place) : null;
  }

  #reasonOfName(tokens: readonly SchemaToken[], at: number, { tag }: Place): string | null {
    if (isRole(tokens, at)) return null;
    const isColumn = tokens[at - 1]?.key === 'set';
    if (isColumn || findSchemaUse(tokens, at) !== 'name')
      return `${this.#schema} is not the name of a schema there`;
    const isWritten = (tokens[at] as SchemaToken).raw === this.#schema;
    // The server keeps a body as it is written, so it must come back in the same form.
    return tag === null && !isWritten ? `a body writes ${this.#schema} in quotes or capitals` : null;
  }

  #reasonOfText(tokens: readonly SchemaToken[], at: number, { tag, isReadable }: Place): string | null {
    const token = tokens[at] as SchemaToken;
    const text = token.text ?? '';
    const use = findSchemaUse(tokens, at);
    if (tag !== null && withTexts.has(tag)) return null;
    if (isUnread(token)) return 'a text has escapes, or goes on after the end of a line';
    if (use === 'code') {
      if (hasEscapes(token)) return 'a text has escapes';
      const isOpaque = tag === null || !isReadable;
      return isOpaque && this.#word.test(text)
        ? `code that pgmage does not read names ${this.#schema}`
        : null;
    }
    if (/search_path|set_config/i.test(text)) return 'a text names search_path or set_config';
    if (!this.#word.test(text)) return null;
    const isPlain = tag !== null || token.raw === literal(text);
    if (isPlain && !hasEscapes(token)) {
      if (use === 'text' && text === this.#schema) return null;
      if ((use === 'object' || use === 'namespace') && this.#isObject(text, use, tag === null)) return null;
    }
    return `a text names ${this.#schema}, for example in dynamic SQL`;
  }

  // A text as SQL writes names, in which the schema stands before a dot, or alone.
  #isObject(text: string, use: 'object' | 'namespace', isCode: boolean): boolean {
    if (use === 'namespace') return text === this.#schema;
    const tokens = this.#read(text) ?? [];
    return tokens.every(({ name, raw, text: inner }, at) => {
      if (inner !== null || name !== this.#schema) return inner === null;
      return findSchemaUse(tokens, at) === 'name' && (!isCode || raw === this.#schema);
    });
  }
}

function reasonOfPath(tokens: readonly SchemaToken[], at: number, { tag }: Place): string | null {
  const near = (step: number) => tokens[at + step]?.key ?? '';
  if (near(1) === 'from') return 'SET search_path FROM CURRENT takes the path of the session';
  const set = near(-1) === 'local' || near(-1) === 'session' ? -2 : -1;
  const isStart = at + set === 0 || ['', ';', 'begin', 'then', 'else', 'loop'].includes(near(set - 1));
  const isSetting = near(set) === 'set' && (tag === null ? isStart : withPath.has(tag));
  if (!isSetting || !['to', '='].includes(near(1))) return 'search_path is not set by SET there';
  return near(2) === 'default' && tag !== 'VariableSetStmt' ? 'DEFAULT is the path of the session' : null;
}

// PUBLIC, as GRANT, REVOKE and policies name all roles.
function isRole(tokens: readonly SchemaToken[], at: number): boolean {
  const list = startOfList(tokens, at);
  const word = tokens[list]?.key ?? '';
  if (tokens[at]?.key === '' || tokens[at + 1]?.key === '.' || tokens[list - 1]?.key === 'rename')
    return false;
  const verb = word === 'to' ? /^(grant|policy)$/ : word === 'from' ? /^revoke$/ : /^$/;
  for (let place = list - 1; place >= 0 && tokens[place]?.key !== ';'; place--)
    if (verb.test(tokens[place]?.key || ' ')) return true;
  return false;
}

// Not the setting, but something of that name.
function usesPathAsColumn(node: Node): boolean {
  const found = collectNodes(node, (tag) => ['ResTarget', 'ColumnDef', 'String'].includes(tag));
  return found.some(([, { name, colname, sval }]) => [name, colname, sval].includes('search_path'));
}

// `public.a` as a column: `public` is an alias, a column or a parameter. A schema has two dots after it.
function hasColumn(node: Node, schema: string): boolean {
  return collectNodes(node, (tag) => tag === 'ResTarget' || tag === 'ColumnRef').some(
    ([tag, { name, fields }]) => {
      if (tag === 'ResTarget') return name === schema;
      return namesOf(fields)[0] === schema && listOf(fields).length < 3;
    },
  );
}

// Names that the server may write before a dot when it prints a query.
function listNames(node: Node): string[] {
  const named = ['RangeVar', 'Alias', 'alias', 'relation', 'CommonTableExpr', 'FunctionParameter'];
  const found = collectNodes(node, (tag) => named.includes(tag)).flatMap(
    ([, { relname, aliasname, ctename, name }]) => [relname, aliasname, ctename, name],
  );
  return [...found, namesOf(node.funcname).at(-1)].filter((name): name is string => typeof name === 'string');
}

function indexOfByte(text: string, byte: number): number {
  const bytes = Buffer.from(text);
  return bytes.length === text.length ? byte : bytes.toString('utf8', 0, byte).length;
}
